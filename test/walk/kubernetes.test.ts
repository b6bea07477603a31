import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Overview } from '../../src/model/api.ts';
import type { Cluster } from '../../src/model/kubernetes.ts';
import { fillCluster } from '../kubernetes/cluster-of-states.ts';
import { startKubernetes } from '../stand-ins/kubernetes.ts';
import { eventually } from '../stand-ins/real.ts';
import { place, startVigia } from './vigia.ts';

const open: { stop(): Promise<unknown> | unknown }[] = [];
afterAll(async () => {
  for (const each of open.toReversed()) await each.stop();
});

test('P12 a Vigía that is told of a cluster scrapes it, shows it and says so, and asks for nothing beyond its rights', async () => {
  const api = await startKubernetes({ token: 'right' });
  open.push(api);
  fillCluster(api);
  const at = await place();
  open.push({ stop: () => at.remove() });
  const kubeconfig = join(at.dir, 'kubeconfig');
  const parts = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: api.url } }],
    users: [{ name: 'u', user: { token: 'right' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(parts));
  const vigia = await startVigia(at, {
    prometheus: { scrapeInterval: '1s' },
    parts: { nodeExporter: false },
    kubernetes: { kubeconfig, name: 'home' },
  });
  open.push(vigia);
  await eventually('both endpoints and the state', async () => (await vigia.query('up{target=~"home:.+"} == 1')).length === 3 || undefined);
  const cluster = await eventually('use of the node', async () => {
    const answer = await vigia.api<Cluster>('GET', '/api/kubernetes');
    return answer.nodes[0]?.cpuRatio !== null && answer;
  });
  expect(cluster.pods.map(({ name, status }) => `${name} ${status}`).slice(0, 4)).toEqual([
    'crash CrashLoopBackOff',
    'oom OOMKilled',
    'starting Pending',
    'burn Running',
  ]);
  const { targets, parts: health } = await vigia.api<Overview>('GET', '/api/overview');
  expect(targets.map(({ id }) => id)).toEqual(['home:vm']);
  expect(health.find(({ part }) => part === 'Kubernetes')?.state).toBe('ok');
  // Ready in a minute of CrashLoopBackOff; what was killed for its memory is told at once.
  await eventually(
    'the alert',
    async () => (await vigia.query('ALERTS{alertname="PodOomKilled",entity="default/oom"}')).length > 0 || undefined,
    60_000,
  );
  expect(api.refused).toEqual([]);
});
