import { z } from 'zod';
import { backtestInputSchema, backtestSchema, modelComparisonSchema, modelListSchema, rollBackInputSchema } from '../../model/backtest.ts';
import { modelInfoSchema } from '../../model/score.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { profileOf } from '../views/ai.ts';
import { compareModels, modelsOf } from '../views/models.ts';
import { inScope } from '../views/overview.ts';

const entity = z.string().min(1).max(200);
const version = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** The registry of models, and backtests. */
export function registerModelRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/models',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The kept model versions of an entity, newest first',
      schema: { query: z.strictObject({ profile: z.string().max(64), entity }), response: modelListSchema },
      handler: async ({ query, principal }) => ({ models: await modelsOf(house, principal.scope, query) }),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/models/compare',
      policy: 'signed-in',
      rate: 'write',
      summary: 'Two versions on the same recent rows: rank correlation, and the findings of each',
      schema: {
        query: z.strictObject({
          profile: z.string().max(64),
          entity,
          a: version,
          b: version,
          hours: z.coerce
            .number()
            .min(0.05)
            .max(24 * 90)
            .default(10),
        }),
        response: modelComparisonSchema,
      },
      handler: ({ query: { a, b, ...range }, principal }) => compareModels(house, principal.scope, { ...range, versions: [a, b] }),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/models/roll-back',
      policy: 'operator',
      rate: 'write',
      audit: 'model.roll-back',
      summary: 'Scores with a kept version from now on, until somebody trains',
      schema: { body: rollBackInputSchema, response: modelInfoSchema },
      handler: async ({ body, principal, note }) => {
        const info = await house.learner.rollBack(profileOf(house, principal.scope, body.profile), body.entity, body.version);
        note.subject = `${body.profile}/${body.entity}`;
        note.detail = `version ${info.version}`;
        return info;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/ai/backtest',
      policy: 'operator',
      rate: 'write',
      audit: 'backtest.start',
      summary: 'Scores history with any detector and threshold, one or two side by side; one backtest at a time',
      schema: { body: backtestInputSchema, response: backtestSchema },
      handler: async ({ body, principal, note }) => {
        note.subject = body.entity === undefined ? body.profile : `${body.profile}/${body.entity}`;
        note.detail = `${body.days} days, ${body.settings.map(({ detector, threshold }) => `${detector ?? house.config.detection.detector} at ${threshold ?? 'its own threshold'}`).join(', ')}`;
        return house.backtests.start(profileOf(house, principal.scope, body.profile), body, principal.name);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/ai/backtest',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The last backtest: how far it is, or what it found',
      schema: { response: z.object({ backtest: backtestSchema.nullable() }) },
      handler: ({ principal }) => {
        const last = house.backtests.last();
        const kind = last === null ? undefined : house.profiles.get(last.input.profile)?.kind;
        return { backtest: kind !== undefined && inScope(principal.scope, kind) ? last : null };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/ai/backtest',
      policy: 'operator',
      rate: 'write',
      audit: 'backtest.cancel',
      summary: 'Cancels the backtest that runs, if one does',
      handler: ({ note }) => {
        if (!house.backtests.cancel()) note.detail = 'none was running';
      },
    }),
  );
}
