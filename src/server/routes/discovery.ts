import { z } from 'zod';
import {
  discoverySourceSchema,
  type Found,
  foundSchema,
  searchInputSchema,
  searchSchema,
  suggestionKeySchema,
} from '../../model/discovery.ts';
import type { Principal } from '../../store/contract.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { inScope, kindOf } from '../views/overview.ts';
import type { House } from '../house.ts';

/** Sources that name targets, and what a search of the network found. */
export function registerDiscoveryRoutes(door: Door, house: House): void {
  const { search, sources } = house;

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/discovery/sources',
      policy: 'operator',
      rate: 'read',
      summary: 'DNS names and files that name targets, and what is wrong with them',
      schema: { response: z.object({ sources: z.array(discoverySourceSchema) }) },
      handler: async () => ({ sources: await sources.list() }),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/discovery/found',
      policy: 'operator',
      rate: 'read',
      summary: 'The last search of the network, and what it found that is not watched',
      schema: { response: foundSchema },
      handler: ({ principal }) => found(house, principal),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/discovery/search',
      policy: 'operator',
      rate: 'write',
      audit: 'network.search',
      summary: 'Asks the neighbours of this machine, or a private network, for exporters; nothing is added',
      schema: { body: searchInputSchema, response: searchSchema },
      handler: ({ body, principal, note }) => {
        const started = search.start(body.network ?? null, principal.name);
        note.subject = started.network ?? 'neighbours';
        note.detail = `${started.addresses} addresses`;
        return started;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/discovery/search',
      policy: 'operator',
      rate: 'write',
      audit: 'network.search-cancel',
      summary: 'Cancels the search that runs',
      handler: () => void search.cancel(),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/discovery/dismissed',
      policy: 'operator',
      rate: 'write',
      audit: 'suggestion.dismiss',
      summary: 'A suggestion that is not made again',
      schema: { body: suggestionKeySchema },
      handler: async ({ body, note }) => {
        await search.dismiss(body);
        note.subject = body.address;
        note.detail = body.profile;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/discovery/dismissed',
      policy: 'operator',
      rate: 'write',
      audit: 'suggestion.restore',
      summary: 'Suggests again what was dismissed',
      handler: () => search.restore(),
    }),
  );
}

async function found(house: House, { scope }: Principal): Promise<Found> {
  const { search } = house;
  return {
    search: search.last(),
    suggestions: (await search.suggestions()).filter(({ profile }) => inScope(scope, kindOf(house, profile))),
    dismissed: await search.dismissed(),
    networks: search.networks(),
  };
}
