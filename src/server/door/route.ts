import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Account } from '../../model/account.ts';
import type { Principal } from '../../store/contract.ts';

/**
 * Who may call: `signed-in` is a viewer and above, by session or API token; `person` only by session; `machine` is Vigía's own Prometheus and
 * Alertmanager, or an API token that sees everything (an operator's, where the route changes something).
 */
export const policies = ['public', 'signed-in', 'person', 'operator', 'administrator', 'machine'] as const;
export type Policy = (typeof policies)[number];

/** `signin` counts only tries that fail, per address. */
export const rateClasses = ['read', 'write', 'signin', 'machine'] as const;
export type RateClass = (typeof rateClasses)[number];

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

type Nothing = z.ZodObject<Record<never, never>, z.core.$strict>;

/** What the audit says of a change, besides who, when and which action. No secrets. */
export interface AuditNote {
  subject: string;
  detail: string;
  /** For a caller who was nobody before: set-up and sign-in. */
  who?: string;
}

type Person = Principal & { readonly account: Account };

export interface Call<P extends Policy, Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly principal: P extends 'public' ? Principal | null : P extends 'person' ? Person : Principal;
  readonly note: AuditNote;
  readonly request: FastifyRequest;
  /** For headers, cookies and streams. */
  readonly reply: FastifyReply;
}

interface Definition<
  P extends Policy,
  M extends Method,
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  readonly method: M;
  /** Under the base path, with `:name` for parameters. */
  readonly path: string;
  readonly policy: P;
  readonly rate: RateClass;
  /** One line for the API's description. */
  readonly summary: string;
  /** Bytes of the body; 64 KiB without. */
  readonly bodyLimit?: number;
  readonly schema?: {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    /** Of a 200; a handler that returns nothing answers 204. Without it the handler answers through `reply`, or returns a stream. */
    readonly response?: Answer;
  };
  readonly handler: (call: Call<P, Params, Query, Body>) => Promise<z.input<Answer>> | z.input<Answer>;
}

/** Every route that is not a GET names the action that the audit shows, or says with null that it changes nothing. */
type Audited<M extends Method> = M extends 'GET' ? { readonly audit?: null } : { readonly audit: string | null };

/** A route whose types were checked by `defineRoute`. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly policy: Policy;
  readonly rate: RateClass;
  readonly summary: string;
  readonly bodyLimit?: number;
  readonly audit?: string | null;
  readonly schema?: { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType; readonly response?: z.ZodType };
  readonly handler: (call: Call<Policy, z.ZodType, z.ZodType, z.ZodType>) => unknown;
}

export function defineRoute<
  P extends Policy,
  M extends Method,
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = z.ZodUndefined,
  Answer extends z.ZodType = z.ZodUnknown,
>(route: Definition<P, M, Params, Query, Body, Answer> & Audited<M>): Route {
  return route as unknown as Route;
}

/** What the compiler cannot see, or was told not to. @throws Error: a wrong route is a bug. */
export function checkRoute(route: Route): void {
  const refuse = (reason: string) => new Error(`route ${route.method} ${route.path}: ${reason}`);
  if (!policies.includes(route.policy)) throw refuse(`"${String(route.policy)}" is no policy; it needs one of ${policies.join(', ')}`);
  if (!rateClasses.includes(route.rate)) throw refuse(`"${String(route.rate)}" is no rate class`);
  if (route.method !== 'GET' && route.audit === undefined) throw refuse('it may change something and names no audit action');
  if (route.method === 'GET' && route.audit) throw refuse('a GET changes nothing and needs no audit action');
  for (const part of ['params', 'query', 'body'] as const) {
    const schema = route.schema?.[part];
    // A page's address may carry anything: it is the page that reads it. To say so takes an explicit z.unknown().
    if (part === 'query' && schema instanceof z.ZodUnknown) continue;
    if (schema !== undefined && !isStrict(schema)) throw refuse(`its ${part} schema lets unknown fields pass: use z.strictObject`);
  }
}

function isStrict(schema: unknown): boolean {
  // Said in so many words: it takes anything, and a handler can use nothing of it unseen.
  if (schema instanceof z.ZodUnknown) return true;
  if (schema instanceof z.ZodObject) return schema.def.catchall instanceof z.ZodNever;
  if (schema instanceof z.ZodUnion) return schema.def.options.every(isStrict);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return isStrict(schema.def.innerType);
  if (schema instanceof z.ZodPipe) return isStrict(schema.def.in);
  return false;
}
