/**
 * Batch scoring with SIMD128: values and thresholds in 8 bits, 128 rows at a time, every node of a tree from the bottom up.
 *
 * A real tree has about 64 inner nodes. Instead of walking, each node is answered for all rows: compare, then take the left or
 * the right child's answer. 16 rows fit into a vector, so this costs less than eight dependent steps per row.
 *
 * The program of a tree: 4 x u16 (doubles, cherries, other nodes, the root's slot), then the records of these. A cherry is a node
 * with two leaves: u16 column, i8 threshold, u8 left code, u8 left xor right; 8 bytes. A double is a node whose children are
 * cherries (or a leaf, as a cherry without a difference), answered with them in one go: u16 column, i8 threshold, u8; its left
 * child and its right one, 6 bytes each; 16 bytes. Others: u16 column, i8 threshold, u8, u16 left slot, u16 right slot. Columns
 * and slots are byte offsets; a slot holds 128 answers. Slots 0 ... 255 hold the leaf codes 0 ... 255 and never change, then come
 * the tree's nodes in the order of the program.
 */
const lanes: usize = 128;
/** Bytes of the slots that hold leaf codes. */
const leafSlots: usize = 256 * lanes;

@inline
function cherryOf(column: usize, threshold: v128, left: v128, change: v128): v128 {
  return v128.xor(left, v128.and(change, i8x16.gt_s(v128.load(column), threshold)));
}

@inline
function cherry(slot: usize, column: usize, threshold: v128, left: v128, change: v128, at: usize): void {
  v128.store(slot + at, cherryOf(column + at, threshold, left, change));
}

@inline
function double(
  slot: usize,
  column: usize,
  threshold: v128,
  columnL: usize,
  thresholdL: v128,
  codeL: v128,
  changeL: v128,
  columnR: usize,
  thresholdR: v128,
  codeR: v128,
  changeR: v128,
  at: usize,
): void {
  const left = cherryOf(columnL + at, thresholdL, codeL, changeL);
  const right = cherryOf(columnR + at, thresholdR, codeR, changeR);
  v128.store(slot + at, i8x16.relaxed_laneselect(right, left, i8x16.gt_s(v128.load(column + at), threshold)));
}

/** The mask's lanes are all ones or all zeros, for which the relaxed select is defined: one instruction instead of three. */
@inline
function choose(slot: usize, left: usize, right: usize, column: usize, threshold: v128, at: usize): void {
  const above = i8x16.gt_s(v128.load(column + at), threshold);
  v128.store(slot + at, i8x16.relaxed_laneselect(v128.load(right + at), v128.load(left + at), above));
}

@inline
function addUp(sums: usize, slot: usize, at: usize): void {
  const codes = v128.load(slot + at);
  const low = sums + 2 * at;
  v128.store(low, i16x8.add(v128.load(low), i16x8.extend_low_i8x16_u(codes)));
  v128.store(low, i16x8.add(v128.load(low, 16), i16x8.extend_high_i8x16_u(codes)), 16);
}

/** Where the answers of the tree at `program` are once they have been found. */
@inline
export function rootOf(program: usize, slots: usize): usize {
  return slots + <usize>load<u16>(program, 6);
}

@inline
export function nextTree(program: usize): usize {
  return program + 8 + (<usize>load<u16>(program) << 4) + ((<usize>load<u16>(program, 2) + <usize>load<u16>(program, 4)) << 3);
}

/** Answers every node of one tree for the 128 rows in `columns` (i8, column-major). */
@inline
export function answerTree(program: usize, columns: usize, slots: usize): void {
  let at = program + 8;
  let slot = slots + leafSlots;
  for (const end = at + (<usize>load<u16>(program) << 4); at < end; at += 16) {
    const column = columns + <usize>load<u16>(at);
    const threshold = v128.load8_splat(at, 2);
    const columnL = columns + <usize>load<u16>(at, 4);
    const thresholdL = v128.load8_splat(at, 6);
    const codeL = v128.load8_splat(at, 7);
    const changeL = v128.load8_splat(at, 8);
    const columnR = columns + <usize>load<u16>(at, 10);
    const thresholdR = v128.load8_splat(at, 12);
    const codeR = v128.load8_splat(at, 13);
    const changeR = v128.load8_splat(at, 14);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 0);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 16);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 32);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 48);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 64);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 80);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 96);
    double(slot, column, threshold, columnL, thresholdL, codeL, changeL, columnR, thresholdR, codeR, changeR, 112);
    slot += lanes;
  }
  for (const end = at + (<usize>load<u16>(program, 2) << 3); at < end; at += 8) {
    const column = columns + <usize>load<u16>(at);
    const threshold = v128.load8_splat(at, 2);
    const left = v128.load8_splat(at, 3);
    const change = v128.load8_splat(at, 4);
    cherry(slot, column, threshold, left, change, 0);
    cherry(slot, column, threshold, left, change, 16);
    cherry(slot, column, threshold, left, change, 32);
    cherry(slot, column, threshold, left, change, 48);
    cherry(slot, column, threshold, left, change, 64);
    cherry(slot, column, threshold, left, change, 80);
    cherry(slot, column, threshold, left, change, 96);
    cherry(slot, column, threshold, left, change, 112);
    slot += lanes;
  }
  for (const end = at + (<usize>load<u16>(program, 4) << 3); at < end; at += 8) {
    const column = columns + <usize>load<u16>(at);
    const threshold = v128.load8_splat(at, 2);
    const left = slots + <usize>load<u16>(at, 4);
    const right = slots + <usize>load<u16>(at, 6);
    choose(slot, left, right, column, threshold, 0);
    choose(slot, left, right, column, threshold, 16);
    choose(slot, left, right, column, threshold, 32);
    choose(slot, left, right, column, threshold, 48);
    choose(slot, left, right, column, threshold, 64);
    choose(slot, left, right, column, threshold, 80);
    choose(slot, left, right, column, threshold, 96);
    choose(slot, left, right, column, threshold, 112);
    slot += lanes;
  }
}

/** Sums of leaf codes (128 x u16) of the 128 rows in `columns`. */
export function batchBlock(program: usize, trees: usize, columns: usize, slots: usize, sums: usize): void {
  memory.fill(sums, 0, 2 * lanes);
  for (let tree: usize = 0; tree < trees; tree++) {
    answerTree(program, columns, slots);
    const root = rootOf(program, slots);
    addUp(sums, root, 0);
    addUp(sums, root, 16);
    addUp(sums, root, 32);
    addUp(sums, root, 48);
    addUp(sums, root, 64);
    addUp(sums, root, 80);
    addUp(sums, root, 96);
    addUp(sums, root, 112);
    program = nextTree(program);
  }
}

/** floor((x - centre) * scale) of four features of a row, as 32-bit integers. */
@inline
function levels(row: usize, centre: v128, scale: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.mul(f32x4.sub(v128.load(row), centre), scale)));
}

/** Four rows' bytes (features a, b, c, d of each) are turned, so that each 32-bit lane holds one feature of four rows. */
@inline
function fourRows(row: usize, stride: usize, centre: v128, scale: v128): v128 {
  const even = i16x8.narrow_i32x4_s(levels(row, centre, scale), levels(row + stride, centre, scale));
  const odd = i16x8.narrow_i32x4_s(levels(row + 2 * stride, centre, scale), levels(row + 3 * stride, centre, scale));
  return v128.shuffle<i8>(i8x16.narrow_i16x8_s(even, odd), even, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

/**
 * 128 rows (f32, row-major; `features` padded to a multiple of four in `centre` and `scale`, rows may be read that far) to 8-bit
 * columns of 128, saturated to -128 ... 127.
 */
export function quantiseBlock(rows: usize, features: usize, centre: usize, scale: usize, columns: usize): void {
  const stride = features << 2;
  for (let feature: usize = 0; feature < features; feature += 4) {
    const middle = v128.load(centre + (feature << 2));
    const factor = v128.load(scale + (feature << 2));
    let row = rows + (feature << 2);
    const column = columns + feature * lanes;
    for (let at: usize = 0; at < lanes; at += 16) {
      const a = fourRows(row, stride, middle, factor);
      const b = fourRows(row + 4 * stride, stride, middle, factor);
      const c = fourRows(row + 8 * stride, stride, middle, factor);
      const d = fourRows(row + 12 * stride, stride, middle, factor);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      v128.store(column + at, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(column + at + lanes, v128.shuffle<i64>(ab, cd, 1, 3));
      const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(column + at + 2 * lanes, v128.shuffle<i64>(ef, gh, 0, 2));
      v128.store(column + at + 3 * lanes, v128.shuffle<i64>(ef, gh, 1, 3));
      row += 16 * stride;
    }
  }
}

/** Sums of leaf codes (u16) of `blocks` x 128 rows; `trees` at most 257, so that a sum fits. */
export function batchRows(
  program: usize,
  trees: usize,
  rows: usize,
  features: usize,
  blocks: usize,
  centre: usize,
  scale: usize,
  columns: usize,
  slots: usize,
  sums: usize,
): void {
  for (let block: usize = 0; block < blocks; block++) {
    quantiseBlock(rows, features, centre, scale, columns);
    batchBlock(program, trees, columns, slots, sums);
    rows += lanes * (features << 2);
    sums += 2 * lanes;
  }
}
