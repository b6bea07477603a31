/**
 * Cohort mode: one forest for many entities, over each entity's own robust z-scores.
 *
 * Per entity and feature two 32-bit floats are kept: a mean and a mean absolute deviation, both exponentially weighted; the
 * step towards a new value is limited to six deviations, so that an outlier moves neither much. Entities lie in blocks of 128,
 * feature by feature: a tick reads memory once, from front to back. A value that is missing (NaN) has z = 0 and changes nothing.
 */
import { batchBlock } from './batch.ts';

const lanes: usize = 128;
const blockBytes: usize = 4 * lanes;

/** z of four entities in levels, as integers; their state goes on. */
@inline
function follow(at: usize, means: usize, spreads: usize, values: usize, rate: v128, floor: v128, scale: v128): v128 {
  const mean = v128.load(means + at);
  const spread = v128.load(spreads + at);
  const deviation = f32x4.add(spread, floor);
  const off = f32x4.sub(v128.load(values + at), mean);
  const there = f32x4.eq(off, off);
  const z = f32x4.floor(f32x4.div(f32x4.mul(off, scale), deviation));
  const limit = f32x4.mul(deviation, f32x4.splat(6));
  const limited = v128.and(there, f32x4.pmax(f32x4.neg(limit), f32x4.pmin(limit, off)));
  v128.store(means + at, f32x4.add(mean, f32x4.mul(rate, limited)));
  const change = v128.and(there, f32x4.sub(f32x4.abs(limited), spread));
  v128.store(spreads + at, f32x4.add(spread, f32x4.mul(rate, change)));
  return i32x4.trunc_sat_f32x4_s(z);
}

/**
 * One tick of `blocks` x 128 entities. `state` holds per block and feature 128 means and then 128 deviations, `values` per block
 * and feature 128 values. `table` translates a sum of leaf codes into a score; `scores` receives one f32 per entity.
 */
export function cohortTick(
  state: usize,
  values: usize,
  blocks: usize,
  features: usize,
  rate: f32,
  least: f32,
  levels: f32,
  program: usize,
  trees: usize,
  columns: usize,
  slots: usize,
  sums: usize,
  table: usize,
  scores: usize,
): void {
  const alpha = f32x4.splat(rate);
  const floor = f32x4.splat(least);
  const scale = f32x4.splat(levels);
  for (let block: usize = 0; block < blocks; block++) {
    let column = columns;
    for (let feature: usize = 0; feature < features; feature++) {
      const spreads = state + blockBytes;
      for (let at: usize = 0; at < blockBytes; at += 64) {
        const a = follow(at, state, spreads, values, alpha, floor, scale);
        const b = follow(at + 16, state, spreads, values, alpha, floor, scale);
        const c = follow(at + 32, state, spreads, values, alpha, floor, scale);
        const d = follow(at + 48, state, spreads, values, alpha, floor, scale);
        v128.store(column, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
        column += 16;
      }
      state += 2 * blockBytes;
      values += blockBytes;
    }
    batchBlock(program, trees, columns, slots, sums);
    for (let entity: usize = 0; entity < lanes; entity++) {
      store<f32>(scores + (entity << 2), load<f32>(table + (<usize>load<u16>(sums + (entity << 1)) << 2)));
    }
    scores += blockBytes;
  }
}
