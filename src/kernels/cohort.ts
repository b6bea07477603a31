/** Cohort mode by WebAssembly. */
import type { IsolationForest } from '../detect/forest/forest.ts';
import type { Cohort, CohortOptions } from '../detect/kernels.ts';
import { cohortForest, cohortPlace, levelsPerDeviation, statePlace } from './cohort-shape.ts';
import { checkEntity } from './fleet-shape.ts';
import { openInstance } from './instance.ts';
import { fillSlots, lanes, slotBytes } from './program.ts';
import { programsOf } from './quantised.ts';

/** @throws RangeError for a forest or options that make no cohort, or one that does not fit into 4 GiB. */
export function openCohort(forest: IsolationForest, options: CohortOptions): Cohort {
  const { entities, rate, leastDeviation } = options;
  const quantised = cohortForest(forest, options);
  const features = forest.featureCount;
  const [program] = programsOf(quantised);
  if (program === undefined) throw new RangeError('A cohort needs a forest with trees.');
  const tableLength = 255 * program.trees + 1;
  const blocks = Math.ceil(entities / lanes);
  const { call, buffer, at } = openInstance({
    program: program.bytes.length,
    columns: features * lanes,
    slots: slotBytes,
    sums: lanes * 2,
    table: tableLength * 4,
    scores: blocks * lanes * 4,
    state: blocks * lanes * features * 8,
    values: blocks * lanes * features * 4,
  });
  fillSlots(new Uint8Array(buffer, at.slots, slotBytes));
  new Uint8Array(buffer, at.program, program.bytes.length).set(program.bytes);
  new Float32Array(buffer, at.table, tableLength).set(Float32Array.from({ length: tableLength }, (_, sum) => quantised.scoreOf(sum)));
  const state = new Float32Array(buffer, at.state, blocks * lanes * features * 2);
  const values = new Float32Array(buffer, at.values, blocks * lanes * features);
  const scores = new Float32Array(buffer, at.scores, entities);
  const tail = [at.program, program.trees, at.columns, at.slots, at.sums, at.table, at.scores];

  return {
    bytesPerEntity: (state.byteLength + program.bytes.length + 4 * tableLength) / entities,
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
      call.cohortTick(at.state, at.values, blocks, features, rate, leastDeviation, levelsPerDeviation, ...tail);
      return scores;
    },
  };
}
