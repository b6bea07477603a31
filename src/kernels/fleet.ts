/** A fleet by WebAssembly: src/kernels/assembly/fleet.ts describes how an entity lies in memory. */
import type { Fleet, FleetOptions } from '../detect/kernels.ts';
import { boundsOf, checkEntity, fillReservoir, fleetShape } from './fleet-shape.ts';
import { openInstance } from './instance.ts';
import { mostRowsPerTree, seedWords } from './shape.ts';

/** @throws RangeError for options that make no fleet, or one that does not fit into 4 GiB. */
export function openFleet(options: FleetOptions): Fleet {
  const { entities, features, trees, sampleSize, refreshTicks, seed } = options;
  const shape = fleetShape(options);
  const { padded, depth, capacity, codes } = shape;
  const headerBytes = 8 * padded + Math.ceil((2 * (trees + 1)) / 16) * 16;
  // Blocks begin on a cache line.
  const blockBytes = Math.ceil((headerBytes + 4 * capacity) / 64) * 64;
  const reservoirBytes = sampleSize * padded * 2;
  const { call, buffer, at } = openInstance({
    row: 64 * 2,
    order: mostRowsPerTree * 4,
    candidates: 64,
    codes: codes.length,
    leafRecord: 256,
    draft: 512 * 4,
    sums: entities * 4,
    values: entities * features * 4,
    blocks: entities * blockBytes,
    reservoirs: entities * reservoirBytes,
  });
  new Uint8Array(buffer, at.codes, codes.length).set(codes);
  const places = [at.blocks, blockBytes, at.reservoirs, features, trees, sampleSize, depth, capacity];
  const scratch = [at.row, at.order, at.candidates, at.codes, at.leafRecord, at.draft];
  call.fleetOpen(...places, ...scratch, ...seedWords(seed));
  const values = new Float32Array(buffer, at.values, entities * features);
  const sums = new Uint32Array(buffer, at.sums, entities);
  const table = Float64Array.from({ length: 255 * trees + 1 }, (_, sum) => shape.scoreOf(sum));
  const scores = new Float64Array(entities);
  const memory = new Uint8Array(buffer);
  const begun = new Uint8Array(entities);
  let ticks = 0;

  return {
    bytesPerEntity: blockBytes + reservoirBytes,
    values,
    begin(entity, rows) {
      checkEntity(entity, entities);
      const bounds = boundsOf(rows, features);
      const reservoir = new Uint16Array(buffer, at.reservoirs + entity * reservoirBytes, sampleSize * padded);
      fillReservoir(reservoir, rows, bounds, { padded, sampleSize });
      new Float32Array(buffer, at.blocks + entity * blockBytes, features).set(bounds.low);
      new Float32Array(buffer, at.blocks + entity * blockBytes + 4 * padded, features).set(bounds.scale);
      call.fleetBegin(entity);
      begun[entity] = 1;
    },
    beginLike(entity, other) {
      checkEntity(entity, entities);
      checkEntity(other, entities);
      const copy = (from: number, bytes: number): unknown =>
        memory.copyWithin(from + entity * bytes, from + other * bytes, from + (other + 1) * bytes);
      begun[entity] = begun[other] as number;
      copy(at.blocks, blockBytes);
      copy(at.reservoirs, reservoirBytes);
    },
    tick() {
      const tree = Math.floor(ticks / refreshTicks) % trees;
      call.fleetTick(at.values, entities, at.sums, ticks % refreshTicks, refreshTicks, tree);
      ticks++;
      for (let entity = 0; entity < entities; entity++) {
        scores[entity] = begun[entity] === 1 ? (table[sums[entity] as number] as number) : Number.NaN;
      }
      return scores;
    },
  };
}
