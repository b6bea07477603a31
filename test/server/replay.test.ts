import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Detected, Evaluation, ScoreHistory } from '../../src/model/api.ts';
import type { HeavyWork } from '../../src/server/threads/heavy-work.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

const startMs = Date.UTC(2026, 0, 1);
const longMs = 20 * 3_600_000;
const faultMs = startMs + longMs - 600_000;
const calm = (feature: string, tsMs: number) => 0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);
const world: World = {
  nowMs: startMs + longMs,
  down: false,
  queries: 0,
  entities: new Map([
    ['web1', { present: () => true, value: (feature, tsMs) => (feature === 'memory' && tsMs > faultMs ? 0.9 : calm(feature, tsMs)) }],
  ]),
};
const operator = { role: 'operator' } as const;
const viewer = { role: 'viewer' } as const;
const web1 = { profile: profile.slug, entity: 'web1' };

let fake: FakeHouse;
beforeAll(async () => {
  fake = await fakeHouse(world, { detection: { detector: 'ensemble', minimumSteps: 40, window: '1h' } }, {}, true);
  await fake.ask(operator, 'POST', '/api/targets', { name: 'web1', profile: profile.slug, address: '10.0.0.1:9100' });
  world.nowMs = faultMs;
  await fake.house.learner.meet(profile, ['web1']);
  await fake.ask(operator, 'POST', '/api/ai/train', { ...web1, hours: 1 });
  world.nowMs = startMs + longMs;
}, 60_000);
afterAll(() => fake.stop());

it('while hours are replayed, others are answered', async () => {
  const { heavy } = fake.house as unknown as { heavy: HeavyWork };
  const events: string[] = [];
  const replay = heavy.replay.bind(heavy);
  heavy.replay = (job) => {
    events.push(`replay of ${job.times.length}`);
    return replay(job);
  };
  // Signed in before: making a password's hash is heavy of its own.
  expect((await fake.ask(viewer, 'GET', '/health')).status).toBe(200);
  const answer = fake.ask(viewer, 'GET', `/api/ai/scores?profile=${profile.slug}&entity=web1&hours=20`).then((found) => {
    events.push('answered');
    return found;
  });
  while (events.length === 0) await setImmediate();
  for (let nth = 0; nth < 5; nth++) {
    expect((await fake.ask(viewer, 'GET', '/health')).status).toBe(200);
    events.push('health');
  }
  const history = (await answer).json<ScoreHistory>();
  heavy.replay = replay;
  expect(events).toEqual([`replay of ${longMs / stepMs}`, ...Array.from({ length: 5 }, () => 'health'), 'answered']);
  expect(history.points).toHaveLength(longMs / stepMs);
}, 60_000);

it('the level, the findings and the evaluation of the same hours agree', async () => {
  const { threshold, points } = (
    await fake.ask(viewer, 'GET', `/api/ai/scores?profile=${profile.slug}&entity=web1&hours=1`)
  ).json<ScoreHistory>();
  const above = points.filter(([, score]) => score !== null && threshold !== null && score >= threshold).map(([tsMs]) => tsMs);
  expect(above.length).toBeGreaterThan(0);
  const evaluation = (await fake.ask(operator, 'POST', '/api/ai/evaluate', { ...web1, hours: 1, labels: [] })).json<Evaluation>();
  expect(evaluation.aboveThreshold).toBe(above.length);
  const detected = (await fake.ask(operator, 'POST', '/api/ai/detect', { ...web1, hours: 1 })).json<Detected>();
  expect(detected.findings.map(({ tsMs }) => tsMs).toReversed()).toEqual(above);
  expect(detected.findings[0]?.shares[0]).toMatchObject({ feature: 'memory' });
}, 60_000);
