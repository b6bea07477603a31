import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { growForest } from '../../src/detect/forest/grow.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { type ScoringPool, sharedRows, startPool } from '../../src/kernels/pool.ts';
import { clusteredRows } from './data.ts';

const count = 30_001;
const rows = clusteredRows(1, count, 5);
const forest = growForest(rows, count, 5, { trees: 20, sampleSize: 256, seed: 1 });

describe('a pool of workers', () => {
  let pool: ScoringPool;
  beforeAll(() => {
    pool = startPool(2);
  });
  afterAll(() => pool.close());

  test.each(['batch', 'exact'] as const)('scores as one thread does: %s', async (how) => {
    const shared = sharedRows(count, 5);
    shared.set(rows);
    const wanted = loadKernels()[how](forest).scoreRows(rows);
    expect([...(await pool.score(forest, shared, how))]).toEqual([...wanted]);
    expect([...(await pool.score(forest, rows, how))]).toEqual([...wanted]);
  });

  test('answers several that ask at once, and the event loop goes on meanwhile', async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    const [all, few] = await Promise.all([pool.score(forest, rows, 'exact'), pool.score(forest, rows.subarray(0, 50), 'exact')]);
    clearInterval(turning);
    expect([all.length, few.length]).toEqual([count, 10]);
    expect([...few]).toEqual([...all.subarray(0, 10)]);
    expect(turns).toBeGreaterThan(0);
  });

  test('tells forests and ways to score apart', async () => {
    const other = growForest(rows, count, 5, { trees: 20, sampleSize: 64, seed: 2 });
    const few = rows.subarray(0, 500);
    for (const each of [forest, other, forest]) {
      for (const how of ['batch', 'exact'] as const) {
        expect([...(await pool.score(each, few, how))]).toEqual([...loadKernels()[how](each).scoreRows(few)]);
      }
    }
  });

  test('refuses lengths that do not fit', async () => {
    await expect(pool.score(forest, rows.subarray(1), 'batch')).rejects.toThrow('Rows of 5 features cannot be made');
    expect(() => startPool(0)).toThrow('at least 1 worker, not 0');
  });

  test('says so when it was closed, and goes on with nothing', async () => {
    const closed = startPool(1);
    const refused = expect(closed.score(forest, rows, 'exact')).rejects.toThrow('The pool that scores was closed.');
    await closed.close();
    await refused;
    await expect(closed.score(forest, rows, 'exact')).rejects.toThrow('The pool that scores was closed.');
  });

  test('says what was wrong when a worker cannot work, and does not hang', async () => {
    const broken = startPool(1);
    const noForest = { ...forest, offsets: null as unknown as Uint32Array };
    await expect(broken.score(noForest, rows, 'exact')).rejects.toThrow(TypeError);
    await broken.close();
  });
});
