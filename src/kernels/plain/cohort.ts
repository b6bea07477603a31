/** Cohort mode in plain TypeScript: the arithmetic of src/kernels/assembly/cohort.ts in 32-bit floats, step by step. */
import type { IsolationForest } from '../../detect/forest/forest.ts';
import type { Cohort, CohortOptions } from '../../detect/kernels.ts';
import { cohortForest, cohortPlace, levelsPerDeviation, longestStep, statePlace } from '../cohort-shape.ts';
import { checkEntity } from '../fleet-shape.ts';
import { lanes } from '../program.ts';
import { plainHeaps, sumCodes } from './batch.ts';

const { fround } = Math;

/** @throws RangeError for a forest or options that make no cohort. */
export function openPlainCohort(forest: IsolationForest, options: CohortOptions): Cohort {
  const { entities } = options;
  const quantised = cohortForest(forest, options);
  const heaps = plainHeaps(quantised);
  if (heaps === null) throw new RangeError("A cohort's forest has trees of at most eight steps.");
  const features = forest.featureCount;
  const rate = fround(options.rate);
  const least = fround(options.leastDeviation);
  const blocks = Math.ceil(entities / lanes);
  const state = new Float32Array(blocks * lanes * features * 2);
  const values = new Float32Array(blocks * lanes * features);
  const scores = new Float32Array(entities);
  const levels = new Uint8Array(lanes * features);
  const sums = new Int32Array(lanes);

  /** The level of z of the value at `place`, from 0 on; its state, the mean at `at`, goes on. */
  function follow(place: number, at: number): number {
    const mean = state[at] as number;
    const spread = state[at + lanes] as number;
    const off = fround((values[place] as number) - mean);
    if (Number.isNaN(off)) return 128;
    const deviation = fround(spread + least);
    const level = Math.floor(fround(fround(off * levelsPerDeviation) / deviation));
    const limit = fround(deviation * longestStep);
    const limited = Math.max(-limit, Math.min(limit, off));
    state[at] = fround(mean + fround(rate * limited));
    state[at + lanes] = fround(spread + fround(rate * fround(Math.abs(limited) - spread)));
    return 128 + Math.max(-128, Math.min(127, level));
  }

  return {
    bytesPerEntity: (state.byteLength + heaps.nodes.byteLength + heaps.codes.byteLength) / entities,
    values,
    place: (entity, feature) => cohortPlace(entity, feature, features),
    begin(entity, means, deviations) {
      checkEntity(entity, entities);
      for (let feature = 0; feature < features; feature++) {
        const place = statePlace(entity, feature, features);
        state[place] = means[feature] as number;
        state[place + lanes] = deviations[feature] as number;
      }
    },
    tick() {
      for (let block = 0; block < blocks; block++) {
        const first = block * lanes;
        for (let feature = 0; feature < features; feature++) {
          for (let lane = 0; lane < lanes; lane++) {
            const entity = first + lane;
            levels[lane * features + feature] = follow(cohortPlace(entity, feature, features), statePlace(entity, feature, features));
          }
        }
        sumCodes(heaps, levels, features, lanes, sums);
        const count = Math.min(lanes, entities - first);
        for (let lane = 0; lane < count; lane++) scores[first + lane] = quantised.scoreOf(sums[lane] as number);
      }
      return scores;
    },
  };
}
