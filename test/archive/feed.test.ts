import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InfluxClient } from '../../src/clients/influxdb.ts';
import type { RangeSeries } from '../../src/clients/prometheus.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { createArchive } from '../../src/server/archive/feed.ts';
import { archiveConfig, log, memoryStore } from './house.ts';

const hourMs = 3_600_000;
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % hourMs);
const nowMs = startMs + 12 * hourMs;
const far = (code: 'far-unreachable' | 'far-too-large' | 'far-timeout') =>
  new VigiaError(code, { what: 'It', url: 'http://far', reason: 'so', limit: 1, seconds: 1 });

type Trouble = 'none' | 'read' | 'write' | 'written, not said' | 'store';

/** A Prometheus with a sample every 15 s, an InfluxDB and a store in memory, whose next calls go as the script says. */
function world(script: Trouble[], mostSamples = Number.POSITIVE_INFINITY) {
  const points = new Map<string, number>();
  const asked: { fromMs: number; toMs: number }[] = [];
  const trouble = (kind: Trouble): boolean => script[0] === kind && script.shift() !== undefined;
  const samples = (fromMs: number, toMs: number): RangeSeries[] => {
    const tsMs: number[] = [];
    for (let ms = Math.max(startMs, Math.ceil(fromMs / 15_000) * 15_000); ms <= toMs; ms += 15_000) tsMs.push(ms);
    if (tsMs.length > mostSamples) throw far('far-too-large');
    return [{ labels: { __name__: 'up', job: 'a' }, tsMs: Float64Array.from(tsMs), values: Float64Array.from(tsMs, (ms) => ms / 7) }];
  };
  const kept = memoryStore();
  const influx: InfluxClient = {
    name: 'InfluxDB',
    ping: async () => '1',
    prepare: async () => {},
    select: async () => [],
    async write(_, lines) {
      if (trouble('none')) await Promise.resolve();
      if (trouble('write')) throw far('far-unreachable');
      for (const line of lines) points.set(line.replace(/ value=\S+/, ''), (points.get(line.replace(/ value=\S+/, '')) ?? 0) + 1);
      if (trouble('written, not said')) throw far('far-timeout');
      return { written: lines.length, refused: 0, reason: '' };
    },
  };
  const archive = createArchive({
    config: archiveConfig('http://far:8086', [{ name: 'all', match: 'up' }]),
    influx,
    source: () => ({
      watermarkMs: 30_000,
      client: {
        nowMs: async () => nowMs,
        queryRange: async () => [],
        // A source that has no such path.
        remoteRead: async () => {
          throw new VigiaError('far-status', { what: 'It', status: 404, reason: 'no such path' });
        },
        async queryMatrix(expr, atMs) {
          if (trouble('read')) throw far('far-unreachable');
          const [, hours = 0, minutes = 0, seconds = 0] = /^up\[(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\]$/.exec(expr) ?? [];
          const fromMs = atMs - (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
          const found = samples(fromMs, atMs);
          asked.push({ fromMs, toMs: atMs });
          return found;
        },
      },
    }),
    store: {
      list: kept.list,
      async advance(piece) {
        if (trouble('store')) throw new Error('the disk is full');
        return kept.advance(piece);
      },
    },
    scrapeIntervalMs: 15_000,
    horizonMs: 13 * hourMs,
    now: () => nowMs,
    log,
  });
  return { archive, points, asked, store: kept };
}

const untilMs = nowMs - 30_000;
const all = (untilMs - startMs) / 15_000 + 1;

async function goOn(archive: ReturnType<typeof world>['archive']): Promise<number> {
  let failures = 0;
  for (let round = 0; round < 200; round++) {
    await archive.advance().catch(() => failures++);
    if (archive.state().rules[0]?.untilMs === untilMs && archive.state().rules[0]?.error === '') return failures;
  }
  throw new Error(`it did not get there: ${JSON.stringify(archive.state())}`);
}

describe('feeding the archive', () => {
  test('law: whatever fails and when, in the end every sample is there', async () => {
    const script = array(constantFrom<Trouble>('none', 'none', 'read', 'write', 'written, not said', 'store'), { maxLength: 30 });
    await assert(
      asyncProperty(script, async (troubles) => {
        const { archive, points, store } = world([...troubles]);
        await goOn(archive);
        expect(points.size).toBe(all);
        // Every piece is counted once, however often it was written.
        expect((await store.list())[0]).toMatchObject({ cursorMs: untilMs, written: all, refused: 0 });
      }),
      { numRuns: 100 },
    );
  });

  test('law: pieces shrink to what Prometheus answers, follow each other without a hole, and ask for nothing twice', async () => {
    await assert(
      asyncProperty(integer({ min: 2, max: 200 }), async (most) => {
        const { archive, points, asked } = world([], most);
        expect(await goOn(archive)).toBe(0);
        expect(points.size).toBe(all);
        expect(Math.max(...points.values())).toBe(1);
        for (const [at, piece] of asked.entries()) if (at > 0) expect(piece.fromMs).toBe(asked[at - 1]?.toMs);
      }),
      { numRuns: 30 },
    );
  });

  test('what is too much even in the smallest piece is said, and nothing is passed over', async () => {
    const { archive, points } = world([], 0);
    await expect(archive.advance()).rejects.toMatchObject({ code: 'far-too-large' });
    expect(archive.state().rules[0]).toMatchObject({ points: 0, error: expect.stringContaining('more than') });
    expect(points.size).toBe(0);
  });

  test('a cursor that a wrong clock put into the future comes back', async () => {
    const { archive, points, store } = world([]);
    await store.advance({ rule: 'all', fromMs: null, toMs: nowMs + 9 * hourMs, written: 5, refused: 0, notFinite: 0 });
    await goOn(archive);
    expect(points.size).toBe((hourMs - 30_000) / 15_000);
    expect((await store.list())[0]).toMatchObject({ cursorMs: untilMs, written: 5 + points.size });
  });

  test('caught up, it asks for nothing until there is something new; stopped, it begins nothing', async () => {
    const { archive, asked } = world([]);
    await goOn(archive);
    const before = asked.length;
    expect(await archive.advance()).toBe(15_000);
    expect(asked.length).toBe(before);
    const other = world([]);
    other.archive.stop();
    await other.archive.advance();
    expect(other.asked).toEqual([]);
  });
});
