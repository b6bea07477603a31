import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import { shareOf } from '../../src/server/shares.ts';
import { eventually } from '../stand-ins/real.ts';
import { type PrometheusApi, startPrometheusApi } from '../stand-ins/prometheus-api.ts';
import { type Postgresql, startPostgresql } from '../store/postgresql.ts';
import { type Place, place, startVigia, type Vigia } from './vigia.ts';

/** Two real servers on one real PostgreSQL, which share the entities of an adopted source; one of them is killed. */
const stepMs = 1_000;
const profile = 'linux-host';
const entities = Array.from({ length: 40 }, (_, index) => `node${index}:9100`);
const ledgerOf = (entity: string) => `${profile}/${shareOf(profile, entity)}`;

interface Books {
  readonly cursors: ReadonlyMap<string, number>;
  readonly scored: ReadonlyMap<string, number>;
  readonly ranges: readonly { ledger: string; fromMs: number; toMs: number; present: number; missing: number }[];
  /** By slot, who holds it. */
  readonly holders: ReadonlyMap<string, string>;
}

let postgresql: Postgresql;
let far: PrometheusApi;
let database: Client;
const places: Place[] = [];
const vigias: Vigia[] = [];

/** Everything as it was at one moment. */
async function readBooks(): Promise<Books> {
  const rows = async <T>(text: string) => (await database.query(text)).rows as T[];
  await database.query('begin isolation level repeatable read');
  try {
    const cursors = await rows<{ profile: string; at_ms: string }>('select profile, at_ms from cursor');
    const scored = await rows<{ entity: string; scored_steps: string }>('select entity, scored_steps from entity');
    const ranges = await rows<Record<'profile' | 'from_ms' | 'to_ms' | 'present' | 'missing', string>>(
      'select profile, from_ms, to_ms, present, missing from scored_range order by profile, from_ms',
    );
    const holders = await rows<{ slot: string; holder: string }>(`select slot, holder from lease where slot not like 'instance/%'`);
    return {
      cursors: new Map(cursors.map((row) => [row.profile, Number(row.at_ms)])),
      scored: new Map(scored.map((row) => [row.entity, Number(row.scored_steps)])),
      ranges: ranges.map((row) => ({
        ledger: row.profile,
        fromMs: Number(row.from_ms),
        toMs: Number(row.to_ms),
        present: Number(row.present),
        missing: Number(row.missing),
      })),
      holders: new Map(holders.map((row) => [row.slot, row.holder])),
    };
  } finally {
    await database.query('commit');
  }
}

const processOf = (holder: string | undefined) => Number(holder?.split(':')[1]);

beforeAll(async () => {
  postgresql = await startPostgresql({ forEveryUser: true });
  const url = await postgresql.url();
  far = await startPrometheusApi({ entities });
  const config = {
    database: { url },
    prometheus: { scrapeInterval: '1s', source: { url: far.url } },
    detection: { minimumSteps: 32, window: '10m', trees: 20 },
    parts: { nodeExporter: false },
  };
  for (let instance = 0; instance < 2; instance += 1) places.push(await place());
  vigias.push(...(await Promise.all(places.map((at) => startVigia(at, config)))));
  database = new Client({ connectionString: url });
  database.on('error', () => {});
  await database.connect();
}, 120_000);

afterAll(async () => {
  await database?.end().catch(() => {});
  await Promise.all(vigias.map((vigia) => vigia.stop()));
  await far?.stop();
  await postgresql?.stop();
  for (const at of places) at.remove();
}, 60_000);

describe('two instances on one PostgreSQL', () => {
  test('share the entities, and each step of each is scored exactly once, also when one is killed', { timeout: 120_000 }, async () => {
    const before = await eventually(
      'a model and scores of every entity, from two instances',
      async () => {
        const books = await readBooks();
        const [a, b] = vigias.map(({ pid }) => [...books.holders.values()].filter((holder) => processOf(holder) === pid).length);
        const even = Math.min(a ?? 0, b ?? 0) >= 4 && (a ?? 0) + (b ?? 0) === 9;
        return even && entities.every((entity) => (books.scored.get(entity) ?? 0) > 0) && books;
      },
      60_000,
    );
    const parts = (await vigias[0]?.status())?.parts.find(({ part }) => part === 'instances');
    expect(parts?.reason).toMatch(/^2 instance\(s\); this one works on 4 of 8 shares/);

    // The one that leads: it has the most to lose.
    const leader = vigias.find(({ pid }) => pid === processOf(before.holders.get('leader')));
    const survivor = vigias.find((vigia) => vigia !== leader);
    if (leader === undefined || survivor === undefined) throw new Error('nobody leads');
    leader.kill('SIGKILL');
    await leader.exited;
    const killed = await readBooks();
    await eventually(
      'everything is taken over, and goes on',
      async () => {
        const { holders, cursors } = await readBooks();
        const taken = [...holders.values()].every((holder) => processOf(holder) === survivor.pid);
        return taken && [...cursors].every(([ledger, at]) => at > (killed.cursors.get(ledger) ?? 0));
      },
      15_000,
    );
    const after = await eventually('every share stands where the others do', async () => {
      const books = await readBooks();
      const [first, ...rest] = books.cursors.values();
      return rest.every((at) => at === first) && (first ?? 0) > Math.max(...killed.cursors.values()) + 3 * stepMs && books;
    });

    // No hole, no overlap, and in each share as many samples as it has entities and steps.
    expect([...after.cursors.keys()].sort()).toEqual(Array.from({ length: 8 }, (_, index) => `${profile}/${index}`));
    for (const [ledger, cursor] of after.cursors) {
      const ranges = after.ranges.filter((range) => range.ledger === ledger);
      for (const [index, range] of ranges.entries()) if (index > 0) expect(range.fromMs).toBe(ranges[index - 1]?.toMs);
      expect(ranges.at(-1)?.toMs).toBe(cursor);
      const steps = (cursor - (ranges[0]?.fromMs ?? 0)) / stepMs;
      const owned = entities.filter((entity) => ledgerOf(entity) === ledger).length;
      const sum = (key: 'present' | 'missing') => ranges.reduce((total, range) => total + range[key], 0);
      expect([ledger, sum('present'), sum('missing')]).toEqual([ledger, owned * steps, 0]);
    }
    // Once there was a model, there is a score for each step.
    for (const entity of entities) {
      const ledger = ledgerOf(entity);
      const steps = ((after.cursors.get(ledger) ?? 0) - (before.cursors.get(ledger) ?? 0)) / stepMs;
      expect([entity, (after.scored.get(entity) ?? 0) - (before.scored.get(entity) ?? 0)]).toEqual([entity, steps]);
    }
    // What is left shows everything, and sends the messages.
    expect((await survivor.status()).parts.find(({ part }) => part === 'instances')?.reason).toBe(
      '1 instance(s); this one works on 8 of 8 shares and sends the messages',
    );
    const { targets } = await survivor.api<{ targets: { id: string; score: number | null }[] }>('GET', '/api/overview');
    expect(
      targets
        .filter(({ score }) => score !== null)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(entities.toSorted());
  });
});
