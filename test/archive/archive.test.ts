import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardedFetch } from '../../src/clients/guarded.ts';
import { CONTROL_METRIC, type InfluxClient } from '../../src/clients/influxdb.ts';
import { plainText } from '../../src/clients/line-protocol.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { staleIn } from '../../src/server/archive/stale.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, type RealServer, scratch, startInfluxdb, startPrometheus, write } from '../stand-ins/real.ts';
import { archiveConfig, archiveOf, guardedFetch, ledgerOf, memoryStore, pastBlocks, prometheusAt, untilArchived } from './house.ts';

const hourMs = 3_600_000;
/** Goes on for so long, with a death of the database now and then: `npm run soak`. */
const soakMs = Number(process.env['VIGIA_SOAK_MINUTES'] ?? 0) * 60_000;
/** Of a soak, after the two deaths that every run has. */
const deadlyWrites = 45;
/** A soak says how far it is. */
const tellEveryMs = 60_000;
const open: { stop(): Promise<void> }[] = [];
let dir = '';
let influxPort = 0;
let backupPort = 0;
let influxd: RealServer;
let prometheus: RealServer;
let fetch: GuardedFetch;
/** The past that Prometheus holds: (pastMs, pastMs + 2 h]. */
let pastMs = 0;

const everything = '{job="past"}';
const odd = ['NaN', '+Inf', '-Inf', '5e-324', '-0', '1.7976931348623157e+308', '0.1', '1e21', '-1e-7', '9007199254740993'];

beforeAll(async () => {
  const room = scratch();
  open.push(room);
  ({ dir } = room);
  pastMs = Math.floor(Date.now() / hourMs) * hourMs - 4 * hourMs;
  const at = (step: number) => ((pastMs + step * 15_000 + 7) / 1000).toFixed(3);
  const lines: string[] = [];
  // OpenMetrics wants the samples of a metric together.
  for (let series = 0; series < 30; series++) {
    for (let step = 1; step <= 480; step++)
      lines.push(`busy{job="past",host="web${series}"} ${Math.sin(series + step / 7) / 3} ${at(step)}`);
  }
  for (const label of [String.raw`C:\\`, 'a,b = c', String.raw`two\nlines`, String.raw`quote\"s`, '␛5c', 'é😀']) {
    for (let step = 1; step <= 480; step += 7)
      lines.push(`strange{job="past",time="${label}",value="${label}"} ${odd[step % odd.length]} ${at(step)}`);
  }
  await pastBlocks(dir, ['busy', 'strange'], lines);

  let gone = false;
  const exporter = await startHttp((_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end(gone ? 'here 1\n' : 'here 1\nleaves 2\n'),
  );
  open.push(exporter);
  write(dir, {
    'prometheus.yml': JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '900ms' },
      scrape_configs: [{ job_name: 'live', static_configs: [{ targets: [`127.0.0.1:${exporter.port}`] }] }],
    }),
  });
  prometheus = await startPrometheus(dir, await freePort());
  open.push(prometheus);
  [influxPort, backupPort] = [await freePort(), await freePort()];
  influxd = await startInfluxdb(dir, influxPort, backupPort);
  fetch = guardedFetch();
  open.push({ stop: () => fetch.close() });
  const client = prometheusAt(prometheus.url, fetch);
  await eventually('a scrape', async () => (await client.query('leaves')).length === 1);
  gone = true;
  await eventually('a stale marker', async () => (await client.query('leaves')).length === 0);
}, 60_000);
afterAll(async () => {
  await influxd?.stop();
  for (const each of open.splice(0).toReversed()) await each.stop();
});

/** All that lies in a retention policy, as Prometheus would name it. */
async function archived(influx: InfluxClient, rule: string): Promise<ReturnType<typeof ledgerOf>> {
  const [series = []] = await influx.select('vigia', [`SELECT "value" FROM "vigia_${rule}"./.*/ GROUP BY *`]);
  return ledgerOf(
    series
      .filter(({ name }) => name !== CONTROL_METRIC)
      .map(({ name, tags, ...points }) => {
        const plain = Object.entries(tags).filter(([, value]) => value !== '');
        return {
          ...points,
          labels: Object.fromEntries([['__name__', name], ...plain].map(([key, value]) => [plainText(key ?? ''), plainText(value ?? '')])),
        };
      }),
  );
}

describe('the archive in a real InfluxDB, fed from a real Prometheus', () => {
  test(
    'holds every finite sample to the bit and no other, after the database was down and was killed twice during the write (P36)',
    async () => {
      const client = prometheusAt(prometheus.url, fetch);
      const config = archiveConfig(`http://127.0.0.1:${influxPort}`, [{ name: 'all', match: '{job=~"past|live"}' }]);
      const kills: number[] = [];
      let writes = 0;
      // The database dies while a write is under way.
      const murderous = Object.assign(
        async (...call: Parameters<GuardedFetch>) => {
          const answer = fetch(...call);
          if (/\/write\?/.test(call[0]) && ([3, 9].includes(++writes) || (soakMs > 0 && writes % deadlyWrites === 0))) {
            kills.push(writes);
            influxd.kill();
          }
          return answer;
        },
        { close: async () => {} },
      );
      // It is down at first.
      await influxd.stop();
      const { archive, influx } = archiveOf({ config, fetch: murderous, client, horizonMs: 5 * hourMs });
      await expect(archive.advance()).rejects.toMatchObject({ code: 'far-unreachable' });
      expect(archive.state().rules[0]).toMatchObject({ points: 0, error: expect.stringContaining('InfluxDB') });

      let failures = 0;
      const beganMs = Date.now();
      const endMs = beganMs + soakMs;
      let tellMs = beganMs + tellEveryMs;
      let longestLagMs = 0;
      /** How far a soak is. */
      const figures = (): string => {
        const [rule] = archive.state().rules;
        const minutes = ((Date.now() - beganMs) / 60_000).toFixed(1);
        const lags = `longest lag ${(longestLagMs / 1000).toFixed(1)} s`;
        return `soak: ${minutes} of ${soakMs / 60_000} min, ${rule?.points} points, ${writes} writes, ${kills.length} kills, ${failures} failed tries, ${lags}`;
      };
      for (let untilMs = beganMs; untilMs <= endMs; untilMs = Date.now()) {
        await untilArchived(archive, untilMs, async (thrown) => {
          expect(thrown).toBeInstanceOf(VigiaError);
          // Down for a few tries, then back on the same files.
          if (++failures % 3 === 0) influxd = await startInfluxdb(dir, influxPort, backupPort);
          else await sleep(50);
        });
        longestLagMs = Math.max(longestLagMs, Date.now() - untilMs);
        if (Date.now() < tellMs) continue;
        console.log(figures());
        tellMs += tellEveryMs;
      }
      expect(kills.slice(0, 2)).toEqual([3, 9]);
      expect(kills.length).toBeGreaterThanOrEqual(2 + soakMs / 300_000);

      const [state] = archive.state().rules;
      const toMs = state?.untilMs ?? 0;
      const wanted = ledgerOf(await client.queryMatrix('{job=~"past|live"}[6h]', toMs));
      const found = await archived(influx, 'all');
      if (soakMs > 0) {
        const count = (of: typeof found) => [...of.ledger.values()].reduce((sum, points) => sum + points.size, 0);
        console.log(`${figures()}; at its end ${count(wanted)} finite samples in Prometheus, ${count(found)} points in InfluxDB`);
      }
      expect(found.ledger.size).toBeGreaterThan(36);
      expect(found).toEqual({ ledger: wanted.ledger, notFinite: 0, infinite: 0 });
      expect(wanted.notFinite).toBeGreaterThan(60);
      expect(state).toMatchObject({ refused: 0, notFinite: wanted.notFinite, error: '' });
      // Two of the three odd values that no archive holds are infinities.
      expect(state?.infinite).toBe(wanted.infinite);
      expect(wanted.infinite).toBeGreaterThan(20);
      // One series ended. A scrape that came too late on a busy machine ends others for a moment.
      expect(state?.stale).toBeGreaterThanOrEqual(1);
      expect(await staleIn(client, 'leaves', pastMs, toMs)).toBe(1);
      expect(await staleIn(client, everything, pastMs, toMs)).toBe(0);
      expect(state?.points).toBe([...wanted.ledger.values()].reduce((sum, points) => sum + points.size, 0));
      // The series that ended did end: its stale marker is no point.
      const leaves = [...found.ledger].find(([key]) => key.includes('"leaves"'));
      const here = [...found.ledger].find(([key]) => key.includes('"here"'));
      expect(leaves?.[1].size).toBeGreaterThan(0);
      expect(Math.max(...(leaves?.[1].keys() ?? []))).toBeLessThan(Math.max(...(here?.[1].keys() ?? [])));
    },
    90_000 + 2 * soakMs,
  );

  test('holds at each minute and hour the last sample before it, and nothing twice when two Vigías feed it', async () => {
    const client = prometheusAt(prometheus.url, fetch);
    const rules = [
      { name: 'minutes', match: everything, every: '1m', keep: '365d' },
      { name: 'hours', match: everything, every: '1h' },
    ];
    const config = archiveConfig(`http://127.0.0.1:${influxPort}`, rules);
    const store = memoryStore();
    const one = archiveOf({ config, fetch, client, store, horizonMs: 5 * hourMs });
    const other = archiveOf({ config, fetch, client, store, horizonMs: 5 * hourMs });
    await Promise.all([untilArchived(one.archive, pastMs + 3 * hourMs), untilArchived(other.archive, pastMs + 3 * hourMs)]);

    for (const [rule, stepMs] of [
      ['minutes', 60_000],
      ['hours', hourMs],
    ] as const) {
      const samples = ledgerOf(await client.queryMatrix(`${everything}[6h]`, Date.now())).ledger;
      const raw = await client.queryMatrix(`${everything}[6h]`, Date.now());
      expect(raw.length).toBe(samples.size);
      // From the raw samples, by hand.
      const wanted = raw.map(({ labels, tsMs, values }) => {
        const last = new Map<number, number>();
        for (const [at, ms] of tsMs.entries()) last.set(Math.ceil(ms / stepMs) * stepMs, values[at] as number);
        return { labels, tsMs: Float64Array.from(last.keys()), values: Float64Array.from(last.values()) };
      });
      const { ledger, notFinite } = ledgerOf(wanted);
      expect((await archived(one.influx, rule)).ledger).toEqual(ledger);
      const points = [...ledger.values()].reduce((sum, each) => sum + each.size, 0);
      const row = (await store.list()).find((each) => each.rule === rule);
      expect(row).toMatchObject({ written: points, notFinite, refused: 0 });
    }
  }, 60_000);

  test('goes on where it was after a restart, and passes over what the rule would not keep', async () => {
    const client = prometheusAt(prometheus.url, fetch);
    const config = archiveConfig(`http://127.0.0.1:${influxPort}`, [{ name: 'short', match: everything, keep: '1h' }]);
    const store = memoryStore();
    await store.advance({ rule: 'short', fromMs: null, toMs: pastMs, written: 0, refused: 0, notFinite: 0 });
    const { archive, influx } = archiveOf({ config, fetch, client, store, horizonMs: 5 * hourMs });
    await untilArchived(archive, Date.now() - 10_000);
    expect((await archived(influx, 'short')).ledger.size).toBe(0);
    const again = archiveOf({ config, fetch, client, store, horizonMs: 5 * hourMs });
    const before = archive.state().rules[0]?.untilMs ?? 0;
    await untilArchived(again.archive, before + 1_000);
    expect(again.archive.state().rules[0]?.beganMs).toBe(pastMs);
  }, 60_000);
});
