import type { Backtest } from '../../src/model/backtest.ts';

const episode = { fromMs: Date.UTC(2026, 0, 20, 10), toMs: Date.UTC(2026, 0, 20, 10, 12), findings: 40, threshold: 0.9 };

/** What one setting would have found, with so many episodes. */
export const side = (detector: string, threshold: number | null, episodes: number): Backtest['sides'][number] => ({
  detector,
  threshold,
  steps: 5000,
  scored: 4990,
  findings: 40 * episodes,
  episodes,
  weeks: [1, 8].map((day, at) => ({ fromMs: Date.UTC(2026, 0, day), findings: 0, episodes: at * episodes })),
  latest: Array.from({ length: episodes }, (_, at) => ({
    ...episode,
    entity: 'web1',
    score: 0.97 - at / 10,
    feature: at === 0 ? 'memory' : null,
  })),
});

/** One that runs. */
export const running: Backtest = {
  id: 4,
  input: { profile: 'linux-host', entity: 'web1', days: 14, settings: [{ detector: 'a', threshold: null }] },
  state: 'running',
  progress: 0.1,
  reason: '',
  by: 'command line',
  startedMs: 0,
  endedMs: null,
  fromMs: Date.UTC(2026, 0, 1),
  toMs: Date.UTC(2026, 0, 15),
  entities: 1,
  sides: [],
};
