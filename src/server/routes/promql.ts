import { z } from 'zod';
import { completionsSchema, explorationSchema } from '../../model/promql.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { createExplorer, mustSeeEverything } from '../views/promql.ts';
import { checkRange, rangeQuery } from './hosts.ts';

/** Vigía's own Prometheus, or the adopted source where there is one. */
const of = z.enum(['own', 'source']).default('source');
const like = z.string().max(200).default('');
const metric = z
  .string()
  .max(200)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
  .optional();
const label = z
  .string()
  .max(200)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/);

/** Queries that a person writes. They cost what they cost and see every series: for operators who may see everything. */
export function registerPromqlRoutes(door: Door, house: House): void {
  const explorer = createExplorer(house);

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/promql/range',
      policy: 'operator',
      rate: 'read',
      summary: 'A PromQL expression over a range: at most 100 series of 360 points',
      schema: {
        query: z.strictObject({ ...rangeQuery, expr: z.string().trim().min(1).max(2_000), of }),
        response: explorationSchema,
      },
      handler: ({ query, principal }) => {
        mustSeeEverything(principal);
        return explorer.range(query.of, query.expr, checkRange(query));
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/promql/metrics',
      policy: 'operator',
      rate: 'read',
      summary: 'Names of metrics that hold a text, at most 100',
      schema: { query: z.strictObject({ like, of }), response: completionsSchema },
      handler: ({ query, principal }) => {
        mustSeeEverything(principal);
        return explorer.metrics(query.of, query.like);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/promql/labels',
      policy: 'operator',
      rate: 'read',
      summary: 'Names of labels, of one metric or of all, at most 100',
      schema: { query: z.strictObject({ metric, like, of }), response: completionsSchema },
      handler: ({ query, principal }) => {
        mustSeeEverything(principal);
        return explorer.labels(query.of, query.metric, query.like);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/promql/values',
      policy: 'operator',
      rate: 'read',
      summary: 'Values of a label, of one metric or of all, at most 100',
      schema: { query: z.strictObject({ label, metric, like, of }), response: completionsSchema },
      handler: ({ query, principal }) => {
        mustSeeEverything(principal);
        return explorer.values(query.of, query.label, query.metric, query.like);
      },
    }),
  );
}
