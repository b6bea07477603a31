import type { Collected, Detected, Evaluation, ScoreHistory } from '../../src/model/api.ts';
import type { Backtest, BacktestInput, ModelComparison } from '../../src/model/backtest.ts';
import { notFound, type Reply } from './reply.ts';
import { linuxHost, wave, wobble } from './figures.ts';
import type { Scene } from './scenes.ts';

const minute = 60_000;

/** What the AI page asks: every button has an answer, thresholds and switches stay as they are set. */
export function aiAnswer(scene: Scene, method: string, path: string, query: URLSearchParams, body: unknown): Reply {
  const profile = scene.ai.profiles[0];
  const input = (body ?? {}) as { entity?: string; threshold?: number | null; on?: boolean | null; hours?: number };
  const entity = profile?.entities.find((one) => one.entity === (input.entity ?? query.get('entity')));
  const id = { profile: 'linux-host', entity: entity?.entity ?? '' };
  const now = Date.now();
  if (path === '') return { body: scene.ai };
  if (path === 'collect') {
    const features = linuxHost.features.map(({ name, unit }) => ({ name, unit, min: 0, median: 0.1, max: 0.4 }));
    return { body: { ...id, fromMs: now - 10 * 60 * minute, toMs: now, steps: 7200, missing: 12, features } satisfies Collected };
  }
  if (path === 'train') return { body: { ...entity?.model, version: 5 } };
  if (path === 'evaluate') {
    const said: Evaluation = {
      ...id,
      steps: 7200,
      scored: 7188,
      aboveThreshold: 31,
      perWeek: 4,
      labelledSteps: 0,
      precision: null,
      recall: null,
      note: 'No incident was marked in these hours.',
    };
    return { body: said };
  }
  if (path === 'detect') return { body: { ...id, steps: 7200, findings: scene.findings.slice(0, 2) } satisfies Detected };
  if (path === 'scores') {
    const hours = Number(query.get('hours'));
    const history: ScoreHistory = {
      threshold: entity?.threshold ?? null,
      points: wave(now - hours * 60 * minute, now, (hours * 60 * minute) / 600, (_, index) =>
        index % 53 > 49 ? 0.66 + 0.2 * wobble(index) : 0.28 + 0.2 * wobble(index),
      ),
    };
    return { body: history };
  }
  if (path === 'threshold' && method === 'PUT' && entity) {
    entity.thresholdOverride = input.threshold ?? null;
    entity.threshold = input.threshold ?? 0.62;
    entity.basis = entity.thresholdOverride === null ? 'budget' : 'set';
    return { status: 204 };
  }
  if (path === 'realtime' && profile) {
    if (entity) entity.realtime = input.on ?? profile.realtime;
    else {
      profile.realtime = input.on === true;
      for (const one of profile.entities) one.realtime = profile.realtime;
    }
    return { status: 204 };
  }
  if (path.startsWith('models') || path === 'backtest') return registryAnswer(scene, method, path, query, body);
  const minimum = Number(query.get('minimumScore') ?? 0);
  const found = scene.findings.filter((one) => one.score >= minimum && one.entity === query.get('entity'));
  if (path === 'findings') {
    const offset = Number(query.get('offset') ?? 0);
    return { body: { findings: found.slice(offset, offset + Number(query.get('limit') ?? 20)), total: found.length } };
  }
  if (path === 'findings.json') return { body: found };
  if (path.endsWith('.csv')) return { body: 'time,score\n', type: 'text/csv' };
  return notFound('route', path);
}

/** Versions change as they are rolled back to; a backtest is half done when it is first asked after, then done. */
function registryAnswer(scene: Scene, method: string, path: string, query: URLSearchParams, body: unknown): Reply {
  const input = (body ?? {}) as { version?: number };
  if (path === 'models') return { body: { models: scene.versions } };
  if (path === 'models/roll-back') {
    for (const one of scene.versions) {
      one.pinned = one.version === input.version;
      if (one.state !== 'corrupt') one.state = one.pinned ? 'active' : 'retired';
    }
    return { body: scene.versions.find((one) => one.pinned) };
  }
  if (path === 'models/compare') {
    const done = doneBacktest('web1');
    const sides = [Number(query.get('a')), Number(query.get('b'))].map((version, at) => ({
      version,
      detector: 'isolation-forest',
      threshold: 0.62 + at / 50,
      scored: 2400,
      findings: 31 - 20 * at,
      episodes: done.sides[at]?.latest ?? [],
    }));
    const compared: ModelComparison = {
      profile: 'linux-host',
      entity: 'web1',
      fromMs: done.fromMs,
      toMs: done.toMs,
      steps: 2400,
      correlation: 0.934,
      shared: 9,
      sides,
    };
    return { body: compared };
  }
  if (method === 'POST') {
    const given = body as BacktestInput;
    const found = doneBacktest(given.entity, given);
    scene.backtest = { ...found, state: 'running', progress: 0.42, endedMs: null, sides: [] };
    return { body: scene.backtest };
  }
  if (method === 'DELETE') {
    if (scene.backtest) scene.backtest = { ...scene.backtest, state: 'cancelled' };
    return { status: 204 };
  }
  const now = scene.backtest;
  // Who asks twice finds it done.
  if (now?.state === 'running')
    scene.backtest = now.progress < 0.9 ? { ...now, progress: now.progress + 0.3 } : doneBacktest(now.input.entity, now.input);
  return { body: { backtest: now } };
}

export function doneBacktest(entity?: string, given?: BacktestInput): Backtest {
  const toMs = Date.now() - minute;
  const days = given?.days ?? 30;
  const fromMs = toMs - days * 1440 * minute;
  const settings = given?.settings ?? [
    { detector: 'ensemble', threshold: null },
    { detector: 'isolation-forest', threshold: 0.7 },
  ];
  return {
    id: 3,
    input: { profile: 'linux-host', days, settings, ...(entity === undefined ? {} : { entity }) },
    state: 'done',
    progress: 1,
    reason: '',
    by: 'Ana García',
    startedMs: toMs,
    endedMs: toMs,
    fromMs,
    toMs,
    entities: entity === undefined ? 4 : 1,
    sides: settings.map(({ detector = 'ensemble', threshold }, at) => {
      const weeks = Array.from({ length: Math.ceil(days / 7) }, (_, week) => ({
        fromMs: fromMs + week * 7 * 1440 * minute,
        findings: 40 * (week + 1 + 6 * at),
        episodes: (week + 1 + 3 * at) % 7,
      }));
      const episodes = weeks.reduce((sum, week) => sum + week.episodes, 0);
      return {
        detector,
        threshold,
        steps: days * 5760,
        scored: days * 5760 - 12,
        findings: 40 * episodes,
        episodes,
        weeks,
        latest: Array.from({ length: Math.min(episodes, 4) }, (_, nth) => ({
          entity: 'web1',
          fromMs: toMs - (nth + 1) * 3000 * minute,
          toMs: toMs - (nth + 1) * 3000 * minute + (nth + 2) * 7 * minute,
          findings: 12,
          score: 0.97 - nth / 20,
          threshold: threshold ?? 0.62,
          feature: nth % 2 === 0 ? 'memory' : 'disk_busy',
        })),
      };
    }),
  };
}
