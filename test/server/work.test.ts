import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VigiaError } from '../../src/model/errors.ts';
import { configSchema } from '../../src/model/config.ts';
import type { House } from '../../src/server/house.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { startWork } from '../../src/server/work.ts';
import { alone } from '../../src/server/shares.ts';
import { target } from '../derive/house.ts';
import { eventually } from '../stand-ins/real.ts';

const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));

/** Runs the reader's loop until it has gone round once, and says which profiles it read and how the round ended. */
async function oneRound(given: {
  targets?: readonly string[];
  cursors?: readonly string[];
  selectors?: Record<string, string>;
  refused?: string;
}): Promise<{ read: string[]; rounds: number; failures: number }> {
  const read: string[] = [];
  const source = given.selectors === undefined ? undefined : { url: 'http://far.example', selectors: given.selectors };
  const never = new Promise<never>(() => {});
  const house = {
    config: configSchema.parse({ prometheus: { source } }),
    profiles,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now: Date.now,
    source: { watermarkMs: 0, stepMs: 15_000 },
    plan: null,
    shares: alone,
    events: { emit() {} },
    incidents: { reconcile: () => never },
    store: {
      targets: { list: async () => (given.targets ?? []).map((profile) => target(profile, { profile })) },
      pipeline: {
        cursors: async (slugs: string[]) => new Map(slugs.filter((slug) => given.cursors?.includes(slug)).map((slug) => [slug, 1])),
        evict: () => never,
      },
    },
    pipeline: {
      tick: async ({ slug }: { slug: string }) => {
        read.push(slug);
        if (slug === given.refused) throw new VigiaError('far-status', { what: 'Prometheus', status: 422, reason: 'many-to-many' });
        return { nowMs: Date.now(), present: 0, missing: 0, findings: 0, behind: false };
      },
    },
    learner: { maintain: async () => [] },
  } as unknown as House;
  const work = startWork(house);
  await eventually('a round', () => work.counts.ticks + work.counts.failures > 0 && read.includes('linux-host'));
  const { ticks, failures } = work.counts;
  // The other two loops hang on purpose, and are left behind.
  void work.stop();
  return { read, rounds: ticks, failures };
}

test('only profiles in use are read: those with a target, or with one in the past; linux-host always', async () => {
  expect(await oneRound({})).toEqual({ read: ['linux-host'], rounds: 1, failures: 0 });
  expect((await oneRound({ targets: ['redis', 'linux-host', 'redis'], cursors: ['nginx'] })).read).toEqual([
    'linux-host',
    'nginx',
    'redis',
  ]);
});

test('of an adopted source only what it has a selector for', async () => {
  const { read } = await oneRound({ targets: ['redis'], selectors: { container: 'job="cadvisor"' } });
  expect(read).toEqual(['container', 'linux-host']);
});

test('a profile whose query is refused does not stop the others; the round counts as failed', async () => {
  const round = await oneRound({ targets: ['container', 'redis'], refused: 'container' });
  expect(round).toEqual({ read: ['container', 'linux-host', 'redis'], rounds: 0, failures: 1 });
});
