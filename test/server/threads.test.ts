import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { detectors as all } from '../../src/detect/index.ts';
import { configSchema } from '../../src/model/config.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { createDetectors } from '../../src/server/detectors.ts';
import type { ReplayJob } from '../../src/server/replay.ts';
import { createHeavyThreads } from '../../src/server/threads/heavy-threads.ts';
import { type BacktestJob, heavyWorkHere, type LearnJob } from '../../src/server/threads/heavy-work.ts';
import { normalRows } from '../detect/data.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const config = configSchema.parse({ detection: { minimumSteps: 40, window: '1h', retrain: '1h', trees: 20 } }).detection;
const detectors = createDetectors(config);
const here = heavyWorkHere(detectors, config);
const threads = createHeavyThreads(config);
afterAll(() => threads.stop());

const startMs = Date.UTC(2026, 0, 1);
const jobOf = (detector: string, count: number): LearnJob => ({
  detector,
  features: profile.features,
  options: detectors.optionsFor(stepMs),
  training: {
    rows: normalRows(count, count, profile.features.length),
    times: Float64Array.from({ length: count }, (_, step) => startMs + step * stepMs),
  },
});

describe('learning in a thread', () => {
  it.each([...all.keys()])('is the same as on the event loop: %s', async (slug) => {
    const job = jobOf(slug, 300);
    const there = await threads.learn(job);
    expect(there).toEqual(await here.learn(job));
    expect(detectors.load(there?.buffer ?? new Uint8Array()).threshold).toBeGreaterThan(0.5);
    // The rows are still the caller's.
    expect(job.training.rows).toHaveLength(300 * profile.features.length);
  });

  it('answers null where there is no opinion yet, and says what was wrong, as on the event loop', async () => {
    for (const heavy of [here, threads]) {
      expect(await heavy.learn(jobOf('robust-z', 20))).toBeNull();
      await expect(heavy.learn(jobOf('isolation-forest', 10))).rejects.toThrow(RangeError);
      await expect(heavy.learn(jobOf('isolation-forest', 10))).rejects.toThrow('Only 10 of 10 rows are usable');
      await expect(heavy.learn(jobOf('nothing', 100))).rejects.toThrow('There is no detector "nothing"');
    }
  });

  it('keeps several jobs apart, and lets the event loop go on', async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 0);
    const jobs = [40, 2000, 50, 1000].map((count) => jobOf('isolation-forest', count));
    const outcomes = await Promise.all(jobs.map((job) => threads.learn(job)));
    clearInterval(turning);
    expect(turns).toBeGreaterThan(0);
    for (const [at, job] of jobs.entries()) expect(outcomes[at]).toEqual(await here.learn(job));
  });
});

describe('the past, scored in a thread', () => {
  const replayOf = (detector: string, count: number, finds = true): ReplayJob => {
    const { training, features, options } = jobOf(detector, 300);
    const rows = normalRows(7, count, profile.features.length);
    // Far out, and missing.
    rows.fill(9, 3 * 50, 3 * 55);
    rows.fill(Number.NaN, 3 * 60, 3 * 61);
    const times = Float64Array.from({ length: count }, (_, step) => startMs + (300 + step) * stepMs);
    return {
      profile,
      window: { entity: 'web1', rows, present: Uint8Array.from(times, (_, step) => (step === 70 ? 0 : 1)) },
      times,
      model: { detector, features, options, training },
      refused: times.slice(80, 90),
      inForce: { level: 0.5, basis: 'set' },
      override: 0.5,
      finds,
    };
  };

  it.each([...all.keys()])('is the same as on the event loop: %s', async (slug) => {
    const job = replayOf(slug, 200);
    const there = await threads.replay(job);
    expect(there).toEqual(await here.replay(job));
    expect(Number.isNaN(there.scores[70])).toBe(true);
    const scores = await threads.replay(replayOf(slug, 200, false));
    expect([scores.scores, scores.found]).toEqual([there.scores, []]);
    // As it is saved, it scores no otherwise.
    const saved = (await here.learn(jobOf(slug, 300)))?.buffer ?? new Uint8Array();
    expect(await threads.replay({ ...job, model: { saved } })).toEqual(there);
    const compare = { profile, window: job.window, times: job.times, models: [saved, saved] as const, override: 0.5 };
    const compared = await threads.compare(compare);
    expect(compared).toEqual(await here.compare(compare));
    expect(compared.shared).toBe(compared.sides[0]?.findings);
    // A detector for what stands still has said nothing yet.
    expect(compared.correlation).toBe(slug === 'flatline' ? null : 1);
  });

  it.each(['ensemble', 'robust-z'])('a saved model that learns on there is the one that learned on here: %s', async (slug) => {
    const saved = (await here.learn(jobOf(slug, 300)))?.buffer ?? new Uint8Array();
    const { window, times } = replayOf(slug, 400);
    const job = { saved, training: { rows: window.rows, times } };
    expect(await threads.follow(job)).toEqual(await here.follow(job));
  });

  it('leaves the event loop free, which otherwise has its turn only between two pieces', async () => {
    const job = replayOf('ensemble', 20_000, false);
    const turnsDuring = async (work: Promise<unknown>): Promise<number> => {
      let turns = 0;
      const about = { isDone: false };
      const done = work.finally(() => (about.isDone = true));
      while (!about.isDone) {
        await setImmediate();
        turns++;
      }
      await done;
      return turns;
    };
    // Only the thread's own start is left out.
    await threads.replay(replayOf('ensemble', 10));
    const [there, onLoop] = [await turnsDuring(threads.replay(job)), await turnsDuring(here.replay(job))];
    expect(there).toBeGreaterThan(10 * onLoop);
  }, 60_000);
});

const calm = (feature: string, tsMs: number) => 0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);
const worldOf = (): World => ({
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map(
    ['web1', 'web2'].map((name, index) => [
      name,
      {
        present: () => true,
        value: (feature, tsMs) => (feature === 'memory' && tsMs % (3_600_000 * (index + 2)) < 60_000 ? 0.9 : calm(feature, tsMs)),
      },
    ]),
  ),
});
const backtestOf = (world: World, more: Partial<BacktestJob> = {}): BacktestJob => ({
  plan: {
    profile,
    entities: ['web1', 'web2'],
    fromMs: startMs,
    toMs: startMs + 6 * 3_600_000,
    settings: [
      { detector: 'isolation-forest', threshold: null },
      { detector: 'robust-z', threshold: 0.9 },
    ],
  },
  source: fakeSource(world),
  signal: new AbortController().signal,
  onProgress: () => {},
  ...more,
});

describe('a backtest in a thread', () => {
  it('finds what it finds on the event loop, and tells how far it is', async () => {
    const progress: number[] = [];
    const sides = await threads.backtest(backtestOf(worldOf(), { onProgress: (ratio) => progress.push(ratio) }));
    expect(sides).toEqual(await here.backtest(backtestOf(worldOf())));
    expect(sides[0]?.findings).toBeGreaterThan(0);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it('sends no query before the source admits it, and says how long it took', async () => {
    const events: string[] = [];
    const source = fakeSource(worldOf());
    await threads.backtest(
      backtestOf(worldOf(), {
        source: {
          ...source,
          client: {
            ...source.client,
            queryRange: (expr, range) => {
              events.push(`sent ${expr}`);
              return source.client.queryRange(expr, range);
            },
          },
          admit: async ({ profile: slug, expr, entities }) => {
            events.push(`admitted ${expr} of ${entities} in ${slug}`);
            return (seconds) => events.push(`${seconds >= 0 ? 'took its time' : 'took none'}`);
          },
        },
      }),
    );
    expect(events.slice(0, 6)).toEqual(
      ['presence', 'cpu'].flatMap((expr) => [`admitted ${expr} of 2 in linux-host`, `sent ${expr}`, 'took its time']),
    );
  });

  it('fails with what the source answered, which keeps its code', async () => {
    const world = worldOf();
    world.down = true;
    const failure: unknown = await threads.backtest(backtestOf(world)).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(VigiaError);
    expect(failure).toMatchObject({ code: 'far-status', message: 'Prometheus answered 500: it hurts.' });
  });

  it('can be cancelled while it reads or computes; learning goes on', async () => {
    const abort = new AbortController();
    const reason = new Error('Nobody waits any more.');
    const running = threads.backtest(backtestOf(worldOf(), { signal: abort.signal, onProgress: () => abort.abort(reason) }));
    await expect(running).rejects.toBe(reason);
    await expect(threads.backtest(backtestOf(worldOf(), { signal: abort.signal }))).rejects.toBe(reason);
    expect(await threads.learn(jobOf('robust-z', 100))).not.toBeNull();
  });
});

it('stopped, the threads end, and so does what they were doing', async () => {
  const stopping = createHeavyThreads(config);
  const learning = expect(stopping.learn(jobOf('isolation-forest', 500))).rejects.toThrow('Vigía stops.');
  const testing = expect(stopping.backtest(backtestOf(worldOf()))).rejects.toThrow('Vigía stops.');
  await stopping.stop();
  await Promise.all([learning, testing]);
  await expect(stopping.learn(jobOf('isolation-forest', 500))).rejects.toThrow('Vigía stops.');
});
