import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { run } from '../../src/tools/run.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';
import { hostile, profile, prometheus, rules, target } from './house.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

async function promtool(files: Readonly<Record<string, string>>): Promise<string> {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, files);
  const limits = { timeoutMs: 60_000, maxBytes: 100_000 };
  const config = await run({ file: 'promtool', args: ['check', 'config', '--lint-fatal', join(dir, 'prometheus.yml')] }, limits);
  const web = await run({ file: 'promtool', args: ['check', 'web-config', join(dir, 'web.yml')] }, limits);
  return config.exitCode === 0 && web.exitCode === 0 ? 'agrees' : config.stdout + config.stderr + web.stdout + web.stderr;
}

const credential = { username: 'vigia', password: 'pass word' };
const node = { ...credential, port: 3, target: target('me', { managedBy: 'vigia', labels: { group: 'web' } }) };

test.each([1000, 5000, 15_000, 600_000])('promtool agrees at a scrape interval of %i ms', async (scrapeIntervalMs) => {
  const more = { scrapeIntervalMs, rules: rules({ scrapeIntervalMs, targets: [target('a'), node.target] }) };
  expect(await promtool(prometheusFiles(prometheus(more)))).toBe('agrees');
  expect(await promtool(prometheusFiles(prometheus({ ...more, node })))).toBe('agrees');
});

test('the same house gives the same files, and secrets are in files of their own', () => {
  const files = prometheusFiles(prometheus({ node }));
  expect(prometheusFiles(prometheus({ node }))).toEqual(files);
  expect(files['prometheus.yml']).not.toMatch(/pass word|token"/);
  expect(files['web.yml']).not.toContain('pass word');
});

test('hostile labels and credentials break nothing', async () => {
  const labels = Object.fromEntries(hostile.map((text, index) => [`l${index}`, text]));
  const more = {
    node: { ...node, username: hostile.join(''), target: target('me', { labels }) },
    own: { username: 'a"b{{', password: hostile.join('') },
  };
  expect(await promtool(prometheusFiles(prometheus(more)))).toBe('agrees');
});

test('a real Prometheus asks for its credential, discovers targets, and labels every series as promised', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const port = await freePort();
  const unauthorized: string[] = [];
  const far = await startHttp((request, response) => {
    const wanted = request.url === '/node' || request.url === '/metrics' ? null : 'Bearer token';
    if (wanted !== null && request.headers.authorization !== wanted) unauthorized.push(`${request.url}`);
    response.setHeader(
      'content-type',
      request.url?.startsWith('/internal/sd/') === true ? 'application/json' : 'text/plain; version=0.0.4',
    );
    if (request.url === '/internal/sd/linux-host') {
      response.end(
        JSON.stringify([
          {
            targets: [`127.0.0.1:${far.port}`],
            labels: { __metrics_path__: '/node', target: 'web1', profile: 'linux-host', instance: 'web1:9100' },
          },
        ]),
      );
    } else if (request.headers.authorization === 'Bearer token') {
      response.end('vigia_anomaly_score{profile="linux-host",job="linux-host",instance="web1:9100",entity="web1"} 0.5\n');
    } else {
      // Both the discovered exporter and, with its credential, the one of Vigía's own host.
      response.end(`seen{by="${request.headers.authorization === undefined ? 'nobody' : 'basic'}"} 1\n`);
    }
  });
  open.push(far);
  const scrapeIntervalMs = 1000;
  const files = prometheusFiles(
    prometheus({
      scrapeIntervalMs,
      internal: { port: far.port, token: 'token' },
      node: { ...node, port: far.port },
      rules: rules({ scrapeIntervalMs, profiles: [profile] }),
    }),
  );
  write(dir, files);
  open.push(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`]));
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  open.push({ stop: () => fetch.close() });
  const options = { name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true };
  await expect(createPrometheusClient(options).query('up')).rejects.toMatchObject({ code: 'far-status', params: { status: 401 } });
  const client = createPrometheusClient({ ...options, ...credential });
  const series = await eventually('all series', async () => {
    const found = await client.query('{__name__=~"seen|vigia_anomaly_score"}');
    return (
      found.length === 3 &&
      found.map((sample) => ({ ...sample.labels })).toSorted((a, b) => (a['target'] ?? '').localeCompare(b['target'] ?? ''))
    );
  });
  const common = { profile: 'linux-host', job: 'linux-host' };
  expect(series).toEqual([
    { ...common, __name__: 'vigia_anomaly_score', instance: 'web1:9100', entity: 'web1' },
    { ...common, __name__: 'seen', by: 'basic', target: 'me', instance: 'me', group: 'web' },
    { ...common, __name__: 'seen', by: 'nobody', target: 'web1', instance: 'web1:9100' },
  ]);
  expect(unauthorized).toEqual([]);
}, 60_000);
