import type { LiveEvent } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Principal } from '../../store/contract.ts';
import type { Door } from '../door/door.ts';
import { identify } from '../door/identity.ts';
import { defineRoute } from '../door/route.ts';
import { maySee } from '../door/scope.ts';
import { gatherEvents } from '../events.ts';
import type { House } from '../house.ts';
import { kindOf } from '../views/overview.ts';

const mostStreams = 500;
const beatMs = 15_000;
/** A reader that takes nothing for so long is dropped; it asks again by itself. */
const mostQueuedBytes = 64 * 1024;

/** Server-sent events: something changed, ask again. */
export function registerEventRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/events',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Server-sent events: what changed, as one JSON object per event',
      handler: ({ request, reply, principal }) => {
        if (house.events.listeners >= mostStreams) throw new VigiaError('too-many', { seconds: 30 });
        reply.hijack();
        const stream = reply.raw;
        for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) stream.setHeader(name, value);
        stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
        const send = (text: string): void => {
          if (stream.writableLength > mostQueuedBytes) stream.destroy();
          else stream.write(text);
        };
        send('retry: 2000\n\n');
        const gathered = gatherEvents((event) => send(`data: ${JSON.stringify(event)}\n\n`));
        const unsubscribe = house.events.subscribe((event) => {
          if (concerns(house, principal, event)) gathered.take(event);
        });
        const beat = setInterval(() => {
          // A session that ended meanwhile hears nothing more.
          identify(request, house.store, [], house.now()).then(
            (still) => (still === null ? stream.end() : send(': still here\n\n')),
            () => stream.end(),
          );
        }, beatMs);
        stream.on('close', () => {
          clearInterval(beat);
          unsubscribe();
          gathered.stop();
        });
        return reply;
      },
    }),
  );
}

/** P04: an event about something that one may not see is not sent. */
function concerns(house: House, principal: Principal, event: LiveEvent): boolean {
  return event.profile === undefined || maySee(principal, kindOf(house, event.profile));
}
