import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Secret } from '../../src/clients/secret.ts';
import { kubernetesSchema } from '../../src/model/kubernetes.ts';
import type { KubernetesInput } from '../../src/server/derive/kubernetes-jobs.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { ruleFiles, ruleSpecs } from '../../src/server/derive/rules.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { run } from '../../src/tools/run.ts';
import { prometheus, rules } from './house.ts';
import { scratch, write } from '../stand-ins/real.ts';

const profiles = [...loadProfiles(join(import.meta.dirname, '../../profiles')).values()];
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function promtool(files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, files);
  const { exitCode, stdout, stderr } = await run({ file: 'promtool', args, cwd: dir }, { timeoutMs: 60_000, maxBytes: 100_000 });
  return exitCode === 0 ? 'agrees' : stdout + stderr;
}

const config = kubernetesSchema.parse({});
const access: KubernetesInput = {
  config,
  token: new Secret('t0ken'),
  caPem: 'CA',
  certPem: undefined,
  keyPem: undefined,
  serverName: 'kubernetes',
};
const cluster = rules({ profiles, kubernetes: true });

describe('jobs', () => {
  test.each<[string, Partial<KubernetesInput>]>([
    ['a token through the API server', {}],
    ['kubelets at their own addresses, and pods that ask for it', { config: { ...config, kubelets: 'direct', annotatedPods: true } }],
    ['a client certificate', { token: undefined, certPem: 'CERT', keyPem: new Secret('KEY') }],
    ['nothing at all', { token: undefined, caPem: undefined, serverName: undefined }],
  ])('promtool agrees: %s', async (_, part) => {
    const files = prometheusFiles(prometheus({ rules: cluster, kubernetes: { ...access, ...part } }));
    expect(await promtool(files, 'check', 'config', 'prometheus.yml')).toBe('agrees');
    expect(files['prometheus.yml']).not.toMatch(/t0ken|KEY$/m);
  });

  test('without the section of the configuration there is no job, no rule and no file of it', () => {
    const files = prometheusFiles(prometheus({ rules: rules({ profiles }) }));
    expect(Object.keys(files).filter((name) => name.includes('kubernetes'))).toEqual([]);
    expect(files['prometheus.yml']).not.toContain('job_name: kubernetes');
    expect(ruleSpecs(rules({ profiles })).filter(({ name }) => /^(Node|Pod|Replicas)/.test(name))).toEqual([]);
  });
});

const names = ['NodeNotReady', 'PodCrashLooping', 'PodOomKilled', 'PodPending', 'ReplicasMissing'];

test('every rule of a cluster is there, and promtool agrees with them', async () => {
  expect(
    ruleSpecs(cluster)
      .map(({ name }) => name)
      .filter((name) => name !== 'VigiaAnomaly' && !name.startsWith('Vigia')),
  ).toEqual(names);
  const files = ruleFiles(cluster);
  expect(await promtool(files, 'check', 'rules', '--lint-fatal', ...Object.keys(files))).toBe('agrees');
});

/** What an alert looks like in a test of promtool, its templates filled in. */
function alert(name: string, labels: Readonly<Record<string, string>>, value = ''): object {
  const spec = ruleSpecs(cluster).find((each) => each.name === name);
  const fill = (text: string, urlquery = false): string =>
    text.replace(
      /\{\{ \$(labels\.(\w+)|value)( \| urlquery)? \}\}/g,
      (_, what: string, label: string | undefined, query: string | undefined) => {
        const said = what === 'value' ? value : (labels[label ?? ''] ?? '');
        return urlquery || query !== undefined ? encodeURIComponent(said) : said;
      },
    );
  const filled = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(text)]));
  return { exp_labels: { ...labels, ...filled(spec?.labels ?? {}) }, exp_annotations: filled(spec?.annotations ?? {}) };
}

const pod = (name: string) => `namespace="shop",pod="${name}",uid="u",target="k8s:state",profile="k8s-pod",job="k8s-pod",instance="vigia"`;
const state = (name: string) => `${pod(name)},container="c"`;
const node = (name: string, status: string) =>
  `kube_node_status_condition{node="${name}",target="k8s:${name}",condition="Ready",status="${status}",profile="k8s-node",job="k8s-node",instance="vigia"}`;
const workload = 'namespace="shop",deployment="web",target="k8s:state",profile="k8s-workload",job="k8s-workload",instance="vigia"';
const ofPod = (name: string, more: object = {}) => ({ namespace: 'shop', pod: name, profile: 'k8s-pod', job: 'k8s-pod', ...more });

/** Steps of 15 s. */
const series = [
  { series: node('good', 'true'), values: '1x60' },
  { series: node('lost', 'true'), values: '1x8 0x60' },
  // Told by Vigía and by kube-state-metrics for a moment: one alert.
  { series: node('lost', 'true').replace('instance="vigia"', 'instance="10.0.0.1:8080"'), values: '1x8 0x60' },
  // In the state for 45 s, out of it for 15 s, again and again.
  {
    series: `kube_pod_container_status_waiting_reason{${state('crash')},reason="CrashLoopBackOff"}`,
    values: '_x8 1 1 1 _ 1 1 1 _ 1 1 1 _ _x60',
  },
  { series: `kube_pod_container_status_waiting_reason{${state('pull')},reason="ImagePullBackOff"}`, values: '1x60' },
  { series: `kube_pod_container_status_last_terminated_reason{${state('oom')},reason="OOMKilled"}`, values: '_x8 1x80' },
  { series: `kube_pod_container_status_restarts_total{${state('oom')}}`, values: '0x8 1x80' },
  // Killed for its memory long ago, and well since.
  { series: `kube_pod_container_status_last_terminated_reason{${state('old')},reason="OOMKilled"}`, values: '1x80' },
  { series: `kube_pod_container_status_restarts_total{${state('old')}}`, values: '3x80' },
  { series: `kube_pod_container_status_terminated_reason{${state('job')},reason="OOMKilled"}`, values: '_x8 1x80' },
  { series: `kube_pod_status_phase{${pod('waits')},phase="Pending"}`, values: '0x8 1x80' },
  { series: `kube_pod_status_phase{${pod('brief')},phase="Pending"}`, values: '0x8 1x15 0x60' },
  { series: `kube_deployment_spec_replicas{${workload}}`, values: '3x80' },
  { series: `kube_deployment_status_replicas_available{${workload}}`, values: '3x8 2x80' },
];

test('each rule fires for what it is about, when it has lasted long enough, and for nothing else', async () => {
  const files = ruleFiles(cluster);
  const at = (eval_time: string, alertname: string, ...exp_alerts: object[]) => ({ eval_time, alertname, exp_alerts });
  const suite = {
    rule_files: Object.keys(files),
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: series,
        alert_rule_test: [
          at('3m', 'NodeNotReady'),
          at('3m30s', 'NodeNotReady', alert('NodeNotReady', { target: 'k8s:lost', node: 'lost', profile: 'k8s-node', job: 'k8s-node' })),
          at('2m45s', 'PodCrashLooping'),
          at('3m15s', 'PodCrashLooping', alert('PodCrashLooping', ofPod('crash', { container: 'c' }))),
          at('5m', 'PodCrashLooping', alert('PodCrashLooping', ofPod('crash', { container: 'c' }))),
          at('9m', 'PodCrashLooping'),
          at('1m45s', 'PodOomKilled'),
          at(
            '3m',
            'PodOomKilled',
            alert('PodOomKilled', ofPod('job', { container: 'c' })),
            alert('PodOomKilled', ofPod('oom', { container: 'c' })),
          ),
          // Ten minutes after, only what has not been started again.
          at('14m', 'PodOomKilled', alert('PodOomKilled', ofPod('job', { container: 'c' }))),
          at('7m', 'PodPending'),
          at('7m30s', 'PodPending', alert('PodPending', ofPod('waits'))),
          at('7m', 'ReplicasMissing'),
          at('7m30s', 'ReplicasMissing', alert('ReplicasMissing', { namespace: 'shop', workload: 'web' }, '1')),
        ],
      },
    ],
  };
  expect(await promtool({ ...files, 'tests.yml': stringify(suite, { aliasDuplicateObjects: false }) }, 'test', 'rules', 'tests.yml')).toBe(
    'agrees',
  );
});
