import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readWindow } from '../../src/server/reader.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const startMs = Date.UTC(2026, 0, 1);
/** Two labels tell entities apart; only the last value may hold a "/". */
const twoLabels = { ...profile, identity: ['engine', 'name'] };
const entities = ['a/x', 'a/y', 'b/x', 'b/x/1', 'c/z'].map((entity) => {
  const [engine = '', ...rest] = entity.split('/');
  return { entity, labels: { engine, name: rest.join('/') } };
});

it('puts each value to its entity, in whatever order a source answers, and whatever it leaves out or adds', async () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 0 });
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 }), fc.tuple(order, order, order), async (presence, answers) => {
      const world: World = {
        nowMs: startMs,
        down: false,
        queries: 0,
        entities: new Map(),
        series(expr, { fromMs, toMs }) {
          const column = ['cpu', 'disk', 'memory'].indexOf(expr);
          const times = Float64Array.from({ length: (toMs - fromMs) / stepMs + 1 }, (_, step) => fromMs + step * stepMs);
          return (answers[column] ?? presence).map((which) => ({
            labels: { ...(entities[which] as (typeof entities)[0]).labels, job: 'j', instance: 'i' },
            tsMs: times,
            values: times.map((tsMs) => (expr === 'presence' ? 1 : 1000 * which + 100 * column + (tsMs - startMs) / stepMs)),
          }));
        },
      };
      const window = await readWindow(fakeSource(world), twoLabels, { fromMs: startMs, toMs: startMs + 2 * stepMs });
      expect(window.entities.map((each) => each.entity)).toEqual(presence.map((which) => entities[which]?.entity));
      for (const [place, which] of presence.entries()) {
        const value = (column: number, step: number) =>
          answers[column]?.includes(which) ? 1000 * which + 100 * column + step : Number.NaN;
        expect([...(window.entities[place]?.rows ?? [])]).toEqual([1, 2].flatMap((step) => [0, 1, 2].map((column) => value(column, step))));
      }
    }),
    { numRuns: 60 },
  );
});
