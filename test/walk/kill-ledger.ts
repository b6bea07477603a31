import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { request } from 'undici';
import { expect } from 'vitest';

const profile = 'linux-host';

/** What the store says was scored, at one moment. */
export interface Books {
  /** The newest step that was looked at, Unix ms. */
  readonly cursorMs: number;
  /** Steps scored, ever, by entity. */
  readonly scored: ReadonlyMap<string, number>;
  readonly ranges: readonly { readonly fromMs: number; readonly toMs: number; readonly present: number }[];
}

export function readBooks(dataDir: string): Books {
  const database = new DatabaseSync(join(dataDir, 'vigia.sqlite'), { readOnly: true, timeout: 5_000 });
  try {
    database.exec('begin');
    const { at } = database.prepare('select at_ms as at from cursor where profile = ?').get(profile) as { at: number };
    const entities = database.prepare('select entity, scored_steps as scored from entity where profile = ?').all(profile);
    const ranges = database
      .prepare('select from_ms as fromMs, to_ms as toMs, present from scored_range where profile = ? order by from_ms')
      .all(profile);
    return {
      cursorMs: at,
      scored: new Map(entities.map((row) => [row['entity'] as string, row['scored'] as number])),
      ranges: ranges as unknown as Books['ranges'],
    };
  } finally {
    database.close();
  }
}

/** Asks a child of Vigía, with the credential that Vigía made for it. */
export async function askChild<T>(dataDir: string, child: 'prometheus' | 'alertmanager', path: string): Promise<T> {
  const ports = JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8')) as Record<string, number>;
  const password = readFileSync(join(dataDir, 'children.secret'), 'utf8').trim();
  const answer = await request(`http://127.0.0.1:${ports[child]}${path}`, {
    headers: { authorization: `Basic ${Buffer.from(`vigia:${password}`).toString('base64')}` },
  });
  if (answer.statusCode !== 200) throw new Error(`${child} answered ${answer.statusCode}: ${await answer.body.text()}`);
  return (await answer.body.json()) as T;
}

const present = (stepMs: number) => `max by (target) (count_over_time(node_time_seconds{profile="${profile}"}[${stepMs}ms]))`;
/** A rate needs two samples: of the first step after a hole there are gauges only, too few features for an opinion. */
const scorable = (stepMs: number) =>
  `${present(stepMs)} and max by (target) (rate(node_context_switches_total{profile="${profile}"}[${4 * stepMs}ms]))`;

/** Aligned steps in (fromMs, toMs] for which Prometheus answers an expression, by target. */
async function stepsOf(dataDir: string, expr: string, fromMs: number, toMs: number, stepMs: number): Promise<Map<string, number>> {
  const query = new URLSearchParams({
    query: expr,
    start: String((fromMs + stepMs) / 1000),
    end: String(toMs / 1000),
    step: String(stepMs / 1000),
  });
  type Matrix = { data: { result: { metric: Record<string, string>; values: unknown[] }[] } };
  const { data } = await askChild<Matrix>(dataDir, 'prometheus', `/api/v1/query_range?${query}`);
  return new Map(data.result.map((series) => [series.metric['target'] ?? '', series.values.length]));
}

/**
 * Every step for which Prometheus holds data was scored exactly once: the ranges have no hole and no overlap, their sum is
 * what Prometheus holds, and since `before` each entity got as many scores as there are steps with enough features.
 */
export async function expectExactlyOnce(dataDir: string, before: Books, stepMs: number): Promise<void> {
  const after = readBooks(dataDir);
  const [first] = after.ranges;
  const last = after.ranges.at(-1);
  if (first === undefined || last === undefined) throw new Error('nothing was scored');
  for (const [index, range] of after.ranges.entries()) if (index > 0) expect(range.fromMs).toBe(after.ranges[index - 1]?.toMs);
  expect(last.toMs).toBe(after.cursorMs);
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
  const everything = await stepsOf(dataDir, present(stepMs), first.fromMs, last.toMs, stepMs);
  expect(sum(after.ranges.map((range) => range.present))).toBe(sum(everything.values()));

  const since = await stepsOf(dataDir, scorable(stepMs), before.cursorMs, after.cursorMs, stepMs);
  const scored = new Map([...after.scored].map(([entity, steps]) => [entity, steps - (before.scored.get(entity) ?? 0)]));
  expect(Object.fromEntries(scored)).toEqual(Object.fromEntries(since));
}

/** Processes whose command line names the data folder: Vigía and its children. */
export function processesOf(dataDir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(dataDir) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}
