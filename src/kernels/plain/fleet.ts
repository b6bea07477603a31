/** A fleet in plain TypeScript: the same trees, records and random numbers as src/kernels/assembly/fleet.ts, so the same scores. */
import { createTreeGrower } from '../../detect/forest/grow-tree.ts';
import { createRandom, type Random } from '../../detect/random.ts';
import type { Fleet, FleetOptions } from '../../detect/kernels.ts';
import { boundsOf, checkEntity, fillReservoir, fleetLevel, fleetShape, mostRecords } from '../fleet-shape.ts';

interface Entity {
  readonly low: Float32Array;
  readonly scale: Float32Array;
  readonly reservoir: Uint16Array;
  /** Per tree its records; see the kernel's comment for their bits. */
  readonly trees: Uint32Array[];
}

interface DraftOptions {
  readonly random: Random;
  readonly features: number;
  /** Levels of a reservoir row. */
  readonly padded: number;
  readonly sampleSize: number;
  readonly codes: Uint8Array;
}

/** Grows trees over all rows of a reservoir, at most so deep, as records. */
function createRecordDraft({ random, features, padded, sampleSize, codes }: DraftOptions): {
  grow(reservoir: Uint16Array, depth: number): Uint32Array;
} {
  const order = new Uint32Array(sampleSize);
  const draft = new Uint32Array(512);
  const leafRecord = new Uint16Array(256);
  let records = 0;
  const grower = createTreeGrower({
    random,
    features,
    stride: padded,
    order,
    cut: (low, high) => low + random.below(high - low),
    maker: {
      leaf(depth, rows) {
        const code = codes[depth * 257 + rows] as number;
        const known = leafRecord[code] as number;
        if (known !== 0) return known;
        const record = records++;
        // 8 bits each, as in the kernel.
        leafRecord[code] = record & 255;
        draft[record] = (record << 24) | ((record & 255) << 16) | code;
        return record;
      },
      open(feature, threshold) {
        draft[records] = (threshold << 6) | feature;
        return records++;
      },
      close(record, left, right) {
        draft[record] = (right << 24) | (left << 16) | (draft[record] as number);
      },
    },
  });
  return {
    grow(reservoir, depth) {
      for (let i = 0; i < sampleSize; i++) order[i] = i;
      leafRecord.fill(0);
      records = 0;
      grower.grow(reservoir, sampleSize, depth);
      return draft.slice(0, records);
    },
  };
}

/** @throws RangeError for options that make no fleet. */
export function openPlainFleet(options: FleetOptions): Fleet {
  const { entities, features, trees, sampleSize, refreshTicks, seed } = options;
  const shape = fleetShape(options);
  const { padded, depth, capacity, codes, scoreOf } = shape;
  const random = createRandom(seed);
  const draft = createRecordDraft({ random, features, padded, sampleSize, codes });
  const fleet = Array.from({ length: entities }, (): Entity => emptyEntity());
  const values = new Float32Array(entities * features);
  const scores = new Float64Array(entities);
  const levels = new Uint16Array(64);
  const begun = new Uint8Array(entities);
  let ticks = 0;

  function emptyEntity(): Entity {
    return {
      low: new Float32Array(features),
      scale: new Float32Array(features),
      reservoir: new Uint16Array(sampleSize * padded),
      trees: Array.from({ length: trees }, () => Uint32Array.of(codes[sampleSize] as number)),
    };
  }

  /** Grows tree `tree` anew; all trees together have at most `limit` records. */
  function renew(entity: Entity, tree: number, limit: number): void {
    const others = entity.trees.reduce((sum, records, at) => (at === tree ? sum : sum + records.length), 0);
    let steps = depth;
    let grown = draft.grow(entity.reservoir, steps);
    while (steps > 0 && (grown.length > mostRecords || others + grown.length > limit)) grown = draft.grow(entity.reservoir, --steps);
    entity.trees[tree] = grown;
  }

  function walk(records: Uint32Array): number {
    let at = 0;
    for (let step = 0; step < depth; step++) {
      const record = records[at] as number;
      const right = (levels[record & 63] as number) > ((record >>> 6) & 1023);
      at = (right ? record >>> 24 : record >>> 16) & 255;
    }
    return (records[at] as number) & 0xffff;
  }

  /** Quantises the row at `from` into `levels` and into a random place of the reservoir. */
  function take({ low, scale, reservoir }: Entity, from: number): void {
    const place = random.below(sampleSize) * padded;
    for (let feature = 0; feature < features; feature++) {
      const value = values[from + feature] as number;
      const level = Number.isNaN(value)
        ? (reservoir[place + feature] as number)
        : fleetLevel(value, low[feature] as number, scale[feature] as number);
      levels[feature] = level;
      reservoir[place + feature] = level;
    }
  }

  return {
    bytesPerEntity: 8 * padded + 4 * capacity + 2 * sampleSize * padded,
    values,
    begin(number, rows) {
      checkEntity(number, entities);
      const bounds = boundsOf(rows, features);
      const entity: Entity = { ...emptyEntity(), ...bounds };
      fillReservoir(entity.reservoir, rows, bounds, { padded, sampleSize });
      for (let tree = 0; tree < trees; tree++) renew(entity, tree, shape.limitAt(tree));
      begun[number] = 1;
      fleet[number] = entity;
    },
    beginLike(number, otherNumber) {
      checkEntity(number, entities);
      checkEntity(otherNumber, entities);
      const other = fleet[otherNumber] as Entity;
      begun[number] = begun[otherNumber] as number;
      fleet[number] = { ...other, reservoir: other.reservoir.slice(), trees: [...other.trees] };
    },
    tick() {
      const tree = Math.floor(ticks / refreshTicks) % trees;
      for (const [number, entity] of fleet.entries()) {
        take(entity, number * features);
        const sum = entity.trees.reduce((sum, records) => sum + walk(records), 0);
        scores[number] = begun[number] === 1 ? scoreOf(sum) : Number.NaN;
        if (number % refreshTicks === ticks % refreshTicks) renew(entity, tree, capacity);
      }
      ticks++;
      return scores;
    },
  };
}
