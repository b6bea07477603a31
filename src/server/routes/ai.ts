import { z } from 'zod';
import {
  aiRangeInputSchema,
  aiStateSchema,
  collectedSchema,
  detectedSchema,
  evaluationInputSchema,
  evaluationSchema,
  findingPageSchema,
  realtimeInputSchema,
  scoreHistorySchema,
  thresholdInputSchema,
} from '../../model/api.ts';
import { type Finding, findingSchema, modelInfoSchema } from '../../model/score.ts';
import type { Principal } from '../../store/contract.ts';
import { csv } from '../csv.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { aiState, collect, detectNow, evaluate, featuresCsv, profileOf, scoreHistory } from '../views/ai.ts';

const hourMs = 3_600_000;
const hours = z.coerce
  .number()
  .min(0.05)
  .max(24 * 90)
  .default(10);
const entity = z.string().min(1).max(200);
const rangeQuery = z.strictObject({ profile: z.string().max(64), entity, hours });
const findingFilter = {
  profile: z.string().max(64),
  entity: entity.optional(),
  fromMs: z.coerce.number().int().min(0).optional(),
  toMs: z.coerce.number().int().min(0).optional(),
  minimumScore: z.coerce.number().min(0).max(1).optional(),
};
const findingQuery = z.strictObject({
  ...findingFilter,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const downloadQuery = z.strictObject(findingFilter);
/** Rows of a download: a bound, far above what a person reads. */
const mostRows = 100_000;

/** P15–P22: what the models are, and everything a person can do with them. */
export function registerAiRoutes(door: Door, house: House): void {
  const { store, now } = house;
  const changed = (profile: string, of?: string) =>
    house.events.emit({ kind: 'models', profile, ...(of === undefined ? {} : { entity: of }), tsMs: now() });

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Profiles, entities, models, thresholds and switches',
      schema: { response: aiStateSchema },
      handler: ({ principal }) => aiState(house, principal.scope),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/collect',
      policy: 'operator',
      rate: 'write',
      audit: null,
      summary: 'Reads the last hours of features and says what is in them (P16)',
      schema: { body: aiRangeInputSchema, response: collectedSchema },
      handler: ({ body, principal }) => collect(house, principal.scope, body),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/features.csv',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The last hours of features as CSV (P16)',
      schema: { query: rangeQuery },
      handler: async ({ query, principal, reply }) => {
        const text = await featuresCsv(house, principal.scope, query);
        return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="features.csv"').send(text);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/train',
      policy: 'operator',
      rate: 'write',
      audit: 'model.train',
      summary: 'Trains a model of the configured detector on the last hours and saves it (P17)',
      schema: { body: aiRangeInputSchema, response: modelInfoSchema },
      handler: async ({ body, principal, note }) => {
        const profile = profileOf(house, principal.scope, body.profile);
        const info = await house.learner.train(profile, body.entity, await house.source.client.nowMs(), body.hours * hourMs);
        note.subject = `${body.profile}/${body.entity}`;
        note.detail = `version ${info.version}, ${info.steps} steps`;
        return info;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/evaluate',
      policy: 'operator',
      rate: 'write',
      audit: null,
      summary: 'How the model does on the last hours; precision and recall where labels are given (P18)',
      schema: { body: evaluationInputSchema, response: evaluationSchema },
      handler: ({ body, principal }) => evaluate(house, principal.scope, body),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/detect',
      policy: 'operator',
      rate: 'write',
      audit: 'detect.now',
      summary: 'Collects, scores, adds to the history and answers the findings (P19)',
      schema: { body: aiRangeInputSchema, response: detectedSchema },
      handler: async ({ body, principal, note }) => {
        const detected = await detectNow(house, principal.scope, body);
        note.subject = `${body.profile}/${body.entity}`;
        note.detail = `${detected.findings.length} findings`;
        changed(body.profile, body.entity);
        return detected;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/scores',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Every score of the last hours, by replay (P21)',
      schema: { query: rangeQuery, response: scoreHistorySchema },
      handler: ({ query, principal }) => scoreHistory(house, principal.scope, query),
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/ai/threshold',
      policy: 'operator',
      rate: 'write',
      audit: 'threshold.set',
      summary: 'Sets the threshold of an entity, or returns to the learned one (P21)',
      schema: { body: thresholdInputSchema },
      handler: async ({ body, principal, note }) => {
        profileOf(house, principal.scope, body.profile);
        await store.pipeline.setThreshold(body.profile, body.entity, body.threshold);
        note.subject = `${body.profile}/${body.entity}`;
        note.detail = body.threshold === null ? 'learned' : String(body.threshold);
        changed(body.profile, body.entity);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/ai/realtime',
      policy: 'operator',
      rate: 'write',
      audit: 'realtime.set',
      summary: 'Switches real-time detection of a profile or an entity (P22)',
      schema: { body: realtimeInputSchema },
      handler: async ({ body, principal, note }) => {
        profileOf(house, principal.scope, body.profile);
        if (body.entity === undefined) await store.pipeline.setProfileRealtime(body.profile, body.on ?? house.config.detection.realtime);
        else await store.pipeline.setEntityRealtime(body.profile, body.entity, body.on);
        const off = house.board
          .rows()
          .filter((row) => row.profile === body.profile && (body.entity === undefined || row.entity === body.entity));
        // A score that nobody renews must not stay where rules look.
        if (body.on === false) for (const row of off) house.board.remove(row.profile, row.entity);
        note.subject = body.entity === undefined ? body.profile : `${body.profile}/${body.entity}`;
        note.detail = body.on === null ? 'as the profile' : body.on ? 'on' : 'off';
        changed(body.profile, body.entity);
        house.wakeReader();
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/findings',
      policy: 'signed-in',
      rate: 'read',
      summary: 'History of findings, newest first (P20)',
      schema: { query: findingQuery, response: findingPageSchema },
      handler: ({ query, principal }) => list(query, principal),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/findings.json',
      policy: 'signed-in',
      rate: 'read',
      summary: 'History of findings as a JSON file (P20)',
      schema: { query: downloadQuery, response: z.array(findingSchema) },
      handler: async ({ query, principal, reply }) => {
        reply.header('content-disposition', 'attachment; filename="findings.json"');
        return (await list({ ...query, limit: mostRows, offset: 0 }, principal)).findings;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/findings.csv',
      policy: 'signed-in',
      rate: 'read',
      summary: 'History of findings as CSV, one line per finding and feature (P20)',
      schema: { query: downloadQuery },
      handler: async ({ query, principal, reply }) => {
        const { findings } = await list({ ...query, limit: mostRows, offset: 0 }, principal);
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="findings.csv"')
          .send(findingsCsv(findings));
      },
    }),
  );

  async function list(
    { profile, limit, offset, ...rest }: z.output<typeof findingQuery>,
    principal: Principal,
  ): Promise<{ findings: Finding[]; total: number }> {
    profileOf(house, principal.scope, profile);
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    return store.findings.list({ profile, limit, offset, ...given });
  }
}

function findingsCsv(findings: readonly Finding[]): string {
  const header = [
    'time',
    'profile',
    'target',
    'feature',
    'value',
    'expected_low',
    'expected_high',
    'share',
    'score',
    'threshold',
    'model_version',
    'late',
  ];
  const rows = findings.flatMap((finding) =>
    finding.shares.map((share) => [
      new Date(finding.tsMs).toISOString(),
      finding.profile,
      finding.entity,
      share.feature,
      share.value,
      share.expectedLow,
      share.expectedHigh,
      share.share,
      finding.score,
      finding.threshold,
      finding.modelVersion,
      finding.late,
    ]),
  );
  return csv([header, ...rows]);
}
