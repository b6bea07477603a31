import type { Collected, Detected, Evaluation, ScoreHistory } from '../../src/model/api.ts';
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
