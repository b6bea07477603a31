/** Batch scores by WebAssembly with SIMD: 8-bit values against an 8-bit forest. */
import type { IsolationForest } from '../detect/forest/forest.ts';
import type { RowScorer } from '../detect/kernels.ts';
import { openInstance } from './instance.ts';
import { fillSlots, lanes, slotBytes } from './program.ts';
import { programsOf, quantise } from './quantised.ts';
import { checkRow, mostRowsPerTree, scoresOf } from './shape.ts';

const blocksAtOnce = 8;
const rowsAtOnce = lanes * blocksAtOnce;

/** `null` for a forest whose trees saw more than 256 rows. */
export function batchScorer(forest: IsolationForest): RowScorer | null {
  if (forest.sampleSize > mostRowsPerTree) return null;
  const quantised = quantise(forest);
  const { featureCount } = forest;
  const programs = programsOf(quantised);
  const padded = Math.ceil(featureCount / 4) * 4;
  const { call, buffer, at } = openInstance({
    programs: programs.reduce((sum, program) => sum + program.bytes.length, 0),
    centre: padded * 4,
    scale: padded * 4,
    columns: padded * lanes,
    slots: slotBytes,
    sums: rowsAtOnce * 2,
    rows: rowsAtOnce * featureCount * 4,
  });
  let end = at.programs;
  const placed = programs.map(({ trees, bytes }) => {
    const begin = end;
    new Uint8Array(buffer, begin, bytes.length).set(bytes);
    end += bytes.length;
    return { trees, begin };
  });
  fillSlots(new Uint8Array(buffer, at.slots, slotBytes));
  new Float32Array(buffer, at.centre, padded).set(quantised.grid.centre);
  new Float32Array(buffer, at.scale, padded).set(quantised.grid.scale);
  const block = new Float32Array(buffer, at.rows, rowsAtOnce * featureCount);
  const sums = new Uint16Array(buffer, at.sums, rowsAtOnce);
  const run = (trees: number, begin: number, blocks: number): void =>
    call.batchRows(begin, trees, at.rows, featureCount, blocks, at.centre, at.scale, at.columns, at.slots, at.sums);

  // With one program there are few different sums: their scores are looked up.
  const [only] = placed.length === 1 ? placed : [];
  const table = only === undefined ? null : Float64Array.from({ length: 255 * only.trees + 1 }, (_, sum) => quantised.scoreOf(sum));

  function scoreBlock(count: number, scores: Float64Array, from: number): void {
    const blocks = Math.ceil(count / lanes);
    if (table !== null && only !== undefined) {
      run(only.trees, only.begin, blocks);
      for (let row = 0; row < count; row++) scores[from + row] = table[sums[row] as number] as number;
      return;
    }
    const totals = new Float64Array(count);
    for (const { trees, begin } of placed) {
      run(trees, begin, blocks);
      for (let row = 0; row < count; row++) totals[row] = (totals[row] as number) + (sums[row] as number);
    }
    for (let row = 0; row < count; row++) scores[from + row] = quantised.scoreOf(totals[row] as number);
  }

  const one = new Float64Array(1);
  return {
    scoreRow(row) {
      checkRow(row, featureCount);
      block.set(row);
      scoreBlock(1, one, 0);
      return one[0] as number;
    },
    scoreRows(rows, given) {
      const scores = scoresOf(rows, featureCount, given);
      for (let from = 0; from < scores.length; from += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, scores.length - from);
        block.set(rows.subarray(from * featureCount, (from + count) * featureCount));
        scoreBlock(count, scores, from);
      }
      return scores;
    },
  };
}
