/**
 * Exact scoring: 32-bit values against 32-bit thresholds, path lengths as 64-bit floats summed tree by tree: bit for bit what
 * src/detect/forest/forest.ts says.
 *
 * A tree is a perfect heap of 256 places: node i's children are 2i (the row is above the threshold) and 2i + 1. Eight steps
 * without a branch lead to its leaf; where the tree ended before, the places below hold the same leaf. Nodes are 8 bytes (byte
 * offset of the feature, threshold). Four rows, or four trees of one row, go side by side, so that no step waits for the last.
 */
const nodeBytes: usize = 2048;
const leafBytes: usize = 2048;

@inline
function step(place: usize, tree: usize, row: usize): usize {
  const node = tree + (place << 3);
  return (place << 1) + <usize>(load<f32>(row + <usize>load<u32>(node)) <= load<f32>(node, 4));
}

/** Adds each row's path lengths to `sums`. `count` is a multiple of four, `stride` a row's bytes. */
export function exactRows(nodes: usize, leaves: usize, trees: usize, rows: usize, stride: usize, count: usize, sums: usize): void {
  for (let tree: usize = 0; tree < trees; tree++) {
    const top = nodes + tree * nodeBytes;
    // Places 256 ... 511 are the leaves.
    const bottom = leaves + tree * leafBytes - leafBytes;
    let sum = sums;
    for (let row0 = rows, end = rows + count * stride; row0 < end; sum += 32) {
      const row1 = row0 + stride;
      const row2 = row1 + stride;
      const row3 = row2 + stride;
      let a: usize = 1;
      let b: usize = 1;
      let c: usize = 1;
      let d: usize = 1;
      for (let level = 0; level < 8; level++) {
        a = step(a, top, row0);
        b = step(b, top, row1);
        c = step(c, top, row2);
        d = step(d, top, row3);
      }
      store<f64>(sum, load<f64>(sum) + load<f64>(bottom + (a << 3)));
      store<f64>(sum, load<f64>(sum, 8) + load<f64>(bottom + (b << 3)), 8);
      store<f64>(sum, load<f64>(sum, 16) + load<f64>(bottom + (c << 3)), 16);
      store<f64>(sum, load<f64>(sum, 24) + load<f64>(bottom + (d << 3)), 24);
      row0 = row3 + stride;
    }
  }
}

/** The sum of one row's path lengths; `trees` is a multiple of four, those that are missing have leaves of 0. */
export function exactRow(nodes: usize, leaves: usize, trees: usize, row: usize): f64 {
  let sum: f64 = 0;
  for (let tree: usize = 0; tree < trees; tree += 4) {
    const top0 = nodes + tree * nodeBytes;
    const top1 = top0 + nodeBytes;
    const top2 = top1 + nodeBytes;
    const top3 = top2 + nodeBytes;
    const bottom = leaves + tree * leafBytes - leafBytes;
    let a: usize = 1;
    let b: usize = 1;
    let c: usize = 1;
    let d: usize = 1;
    for (let level = 0; level < 8; level++) {
      a = step(a, top0, row);
      b = step(b, top1, row);
      c = step(c, top2, row);
      d = step(d, top3, row);
    }
    sum += load<f64>(bottom + (a << 3));
    sum += load<f64>(bottom + leafBytes + (b << 3));
    sum += load<f64>(bottom + 2 * leafBytes + (c << 3));
    sum += load<f64>(bottom + 3 * leafBytes + (d << 3));
  }
  return sum;
}
