import { z } from 'zod';
import { type IncidentDetail, incidentDetailSchema, incidentPageSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { movedSchema } from '../../model/explanation.ts';
import { type Incident, silenceSchema } from '../../model/incident.ts';
import type { Principal } from '../../store/contract.ts';
import { acceptLevel } from '../acceptance.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { mustSee, visibleKinds } from '../door/scope.ts';
import type { House } from '../house.ts';
import { createMovedAnswers } from '../moved/answers.ts';
import { kindOf } from '../views/overview.ts';
import { beganMs, incidentDetail } from '../views/incident.ts';

const params = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });
const minuteMs = 60_000;

export function registerIncidentRoutes(door: Door, house: House): void {
  const { store, now } = house;
  const moved = createMovedAnswers(house);
  /** Absent and forbidden look the same. */
  const visible = async (id: number, principal: Principal): Promise<Incident> => {
    const incident = await store.incidents.get(id);
    if (incident === null || !visibleKinds(principal).includes(incident.kind)) throw new VigiaError('not-found', { thing: 'incident', id });
    return incident;
  };
  const detail = async (id: number, principal: Principal): Promise<IncidentDetail> => incidentDetail(house, await visible(id, principal));
  const changed = (incident: Incident) =>
    house.events.emit({ kind: 'incidents', profile: incident.profile, entity: incident.entity, tsMs: now() });

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/incidents',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Incidents, newest first',
      schema: {
        query: z.strictObject({
          state: z.enum(['open', 'closed', 'unknown']).optional(),
          entity: z.string().max(200).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(50),
          offset: z.coerce.number().int().min(0).default(0),
        }),
        response: incidentPageSchema,
      },
      handler: ({ query: { state, entity, limit, offset }, principal }) =>
        store.incidents.list({
          limit,
          offset,
          kinds: visibleKinds(principal),
          ...(state === undefined ? {} : { state }),
          ...(entity === undefined ? {} : { entity }),
        }),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/incidents/:id',
      policy: 'signed-in',
      rate: 'read',
      summary: 'One incident: what, since when, expected against actual, alerts, timeline, and what looked like it before',
      schema: { params, response: incidentDetailSchema },
      handler: ({ params: { id }, principal }) => detail(id, principal),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/incidents/:id/moved',
      policy: 'signed-in',
      rate: 'read',
      summary: 'What else moved: all series of the entity and its peers, before and after the start, furthest first',
      schema: { params, response: movedSchema },
      handler: async ({ params: { id }, principal }) => moved.of(await visible(id, principal)),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/incidents/:id/notes',
      policy: 'operator',
      rate: 'write',
      audit: 'incident.note',
      summary: 'Adds a note to the timeline',
      schema: { params, body: z.strictObject({ text: z.string().trim().min(1).max(2000) }), response: incidentDetailSchema },
      handler: async ({ params: { id }, body, principal, note }) => {
        const incident = await visible(id, principal);
        await store.incidents.addEvent(id, { tsMs: now(), kind: 'note', text: body.text, by: principal.name });
        changed(incident);
        note.subject = `incident ${id}`;
        return detail(id, principal);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/incidents/:id/accept',
      policy: 'operator',
      rate: 'write',
      audit: 'incident.accept',
      summary: 'Accepts the new level of the incident’s entity as normal, now instead of after `detection.acceptAfter`',
      schema: { params, response: incidentDetailSchema },
      handler: async ({ params: { id }, principal, note }) => {
        const incident = await visible(id, principal);
        await acceptLevel(house, incident, principal.name);
        changed(incident);
        note.subject = `incident ${id}`;
        return detail(id, principal);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/incidents/:id/fault',
      policy: 'operator',
      rate: 'write',
      audit: 'mark.add',
      summary: 'Marks the incident’s time as a fault: it is never learned as normal',
      schema: { params, body: z.strictObject({ text: z.string().trim().max(500).default('') }), response: incidentDetailSchema },
      handler: async ({ params: { id }, body, principal, note }) => {
        const incident = await visible(id, principal);
        const { profile, entity, closedMs: toMs } = incident;
        const span = { fromMs: await beganMs(house, incident), toMs };
        await store.marks.add({ profile, entity, kind: 'fault', ...span, text: body.text, by: principal.name, incidentId: id });
        house.learner.relearn({ slug: profile }, entity, { fromMs: span.fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY });
        changed(incident);
        note.subject = `incident ${id}`;
        return detail(id, principal);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/incidents/:id/silence',
      policy: 'operator',
      rate: 'write',
      audit: 'incident.silence',
      summary: 'Silences everything about the incident’s entity for a while',
      schema: {
        params,
        body: z.strictObject({
          minutes: z
            .number()
            .int()
            .min(1)
            .max(60 * 24 * 30),
          comment: z.string().trim().max(500).default(''),
        }),
        response: silenceSchema,
      },
      handler: async ({ params: { id }, body, principal, note }) => {
        const incident = await visible(id, principal);
        const matcher = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
        const silence = await house.silences.add({
          matchers: [matcher('entity', incident.entity), matcher('profile', incident.profile)],
          startsMs: now(),
          endsMs: now() + body.minutes * minuteMs,
          createdBy: principal.name,
          comment: body.comment || `incident ${id}`,
        });
        await store.incidents.addEvent(id, {
          tsMs: now(),
          kind: 'silenced',
          text: `Silenced for ${body.minutes} min. ${body.comment}`.trim(),
          by: principal.name,
        });
        changed(incident);
        note.subject = `incident ${id}`;
        note.detail = `${body.minutes} min`;
        return silence;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/silences',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Silences that have not ended',
      schema: { response: z.object({ silences: z.array(silenceSchema) }) },
      handler: async ({ principal }) => {
        const kinds = visibleKinds(principal);
        const profileIn = (matchers: { name: string; value: string }[]) => matchers.find((matcher) => matcher.name === 'profile')?.value;
        const silences = await house.silences.list(now());
        return { silences: silences.filter((silence) => kinds.includes(kindOf(house, profileIn(silence.matchers) ?? ''))) };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/silences/:id',
      policy: 'operator',
      rate: 'write',
      audit: 'silence.end',
      summary: 'Ends a silence',
      schema: { params: z.strictObject({ id: z.string().regex(/^[0-9a-f-]{36}$/) }) },
      handler: async ({ params: { id }, note }) => {
        await house.silences.end(id);
        note.subject = id;
      },
    }),
  );

  // Links in messages lead here: the incident's number is not known yet when the message is written.
  door.register(
    defineRoute({
      method: 'GET',
      path: '/go/incident',
      policy: 'public',
      rate: 'read',
      summary: 'Redirects to the open or newest incident of an entity',
      schema: { query: z.strictObject({ profile: z.string().max(200), entity: z.string().max(200) }) },
      handler: async ({ query, principal, reply }) => {
        const base = house.config.server.basePath;
        // Whether an entity exists is nobody's business who is not signed in: the page asks for the sign-in first.
        if (principal === null) return reply.redirect(`${base}/incidents?entity=${encodeURIComponent(query.entity)}`);
        mustSee(principal, kindOf(house, query.profile));
        const open = await store.incidents.openOf(query.profile, query.entity);
        const [newest] = open === null ? (await store.incidents.list({ entity: query.entity, limit: 1, offset: 0 })).incidents : [open];
        return reply.redirect(
          newest === undefined ? `${base}/incidents?entity=${encodeURIComponent(query.entity)}` : `${base}/incidents/${newest.id}`,
        );
      },
    }),
  );
}
