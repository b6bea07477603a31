import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Problem } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Log } from '../log.ts';

const MAX_PROBLEMS = 5;

/** What the framework says of a request, as an error of the table; null for anything that is our own fault. */
function asVigiaError(thrown: unknown, bodyLimit: number): { error: VigiaError; field?: string } | null {
  if (thrown instanceof VigiaError) {
    const { field } = thrown.params;
    return { error: thrown, ...(field === undefined ? {} : { field: String(field) }) };
  }
  if (hasZodFastifySchemaValidationErrors(thrown)) return invalid(thrown.validation);
  const { code, statusCode, message } = thrown as { code?: string; statusCode?: number; message?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { error: new VigiaError('too-large', { limit: bodyLimit }) };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return { error: problem('The body must be JSON (Content-Type: application/json).') };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { error: problem(message ?? 'The request is malformed.') };
  return null;
}

const problem = (problems: string) => new VigiaError('input-invalid', { problems });

/** "field: what is wrong with it", never the value: it may be a password. */
function invalid(issues: readonly { instancePath: string; message?: string | undefined; params?: unknown }[]): {
  error: VigiaError;
  field?: string;
} {
  const named = issues.map((issue) => {
    const unknown = (issue.params as { keys?: readonly string[] } | undefined)?.keys?.[0];
    const path = issue.instancePath.split('/').filter((part) => part !== '');
    const field = [...path, ...(unknown === undefined ? [] : [unknown])].join('.').slice(0, 200);
    return { field, text: (issue.message ?? 'invalid').slice(0, 300) };
  });
  const problems = named.slice(0, MAX_PROBLEMS).map(({ field, text }) => (field === '' ? text : `${field}: ${text}`));
  const field = named.find((it) => it.field !== '')?.field;
  return { error: problem(problems.join('; ')), ...(field === undefined ? {} : { field }) };
}

/** Answers an error in the one shape there is; a bug is logged under a number that the answer names. */
export function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  let known = asVigiaError(thrown, request.routeOptions.bodyLimit ?? 0);
  if (known === null || known.error.code === 'bug') {
    const id = randomUUID();
    log.error({ err: thrown, id, method: request.method, path: request.routeOptions.url }, 'a request failed');
    known = { error: new VigiaError('internal', { id }) };
  }
  const { error, field } = known;
  const seconds = error.params['seconds'];
  if (error.status === 429 && seconds !== undefined) reply.header('retry-after', String(seconds));
  const body: Problem = { code: error.code, message: error.message, ...(field === undefined ? {} : { field }) };
  return reply.code(error.status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(body);
}
