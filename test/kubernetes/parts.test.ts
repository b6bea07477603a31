import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineCutter } from '../../src/clients/kubernetes/lines.ts';
import { nodeOf, podOf, workloadOf } from '../../src/clients/kubernetes/objects.ts';
import { quantity } from '../../src/clients/kubernetes/quantity.ts';
import { nodeVerdict, podVerdict, workloadVerdict } from '../../src/server/kubernetes/verdict.ts';
import { kubeDaemonSet, kubeNode, kubePod, kubeWorkload, type KubernetesObject, type PodDoes } from '../stand-ins/kubernetes-objects.ts';

test('however a stream is cut into pieces, its lines come out whole', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/[\n\r]/g, '·'));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
      const found: string[] = [];
      const cut = lineCutter('it', 1_000, (each) => found.push(each));
      for (let at = 0, nth = 0; at < bytes.length; nth++) {
        const size = cuts[nth % cuts.length] as number;
        cut(bytes.subarray(at, at + size));
        at += size;
      }
      expect(found).toEqual(lines.filter((each) => each.trim() !== ''));
    }),
  );
});

test('a line that never ends is refused at its bound, not kept', () => {
  const cut = lineCutter('The API', 1_000, () => {});
  cut(new Uint8Array(900).fill(97));
  expect(() => cut(new Uint8Array(101).fill(97))).toThrow(/The API sent more than 1000 bytes/);
});

test('quantities as Kubernetes writes them', () => {
  const cases = {
    '250m': 0.25,
    '64Mi': 67_108_864,
    '1e3': 1000,
    '2': 2,
    '0.5': 0.5,
    '.5': 0.5,
    '25296928Ki': 25_904_054_272,
    '1E': 1e18,
    '100n': 1e-7,
    '1k': 1000,
  };
  for (const [text, value] of Object.entries(cases)) expect(quantity(text), text).toBeCloseTo(value, 9);
  for (const text of ['', 'x', '1.2.3', '5 Mi', '__proto__', null, undefined, {}]) expect(quantity(text)).toBeNull();
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e6 }), (n) => void expect(quantity(`${n}m`)).toBeCloseTo(n / 1000, 9)));
});

const nowMs = Date.now();
const judge = (object: KubernetesObject) => podVerdict(podOf('it', object), nowMs);
const pod = (does: PodDoes, part: Parameters<typeof kubePod>[2] = {}) => judge(kubePod('p', does, part));

test('P12 pods as kubectl calls them, and whether that is as it should be', () => {
  expect(pod('running', { restarts: 2 })).toMatchObject({
    status: 'Running',
    state: 'ok',
    reason: '',
    ready: 1,
    containers: 1,
    restarts: 2,
    lastEnd: null,
  });
  expect(pod('crashing', { restarts: 5 })).toMatchObject({
    status: 'CrashLoopBackOff',
    state: 'bad',
    reason: expect.stringContaining('back-off 1m20s'),
    ready: 0,
    restarts: 5,
    lastEnd: { reason: 'Error', exitCode: 1 },
  });
  expect(pod('oomKilled')).toMatchObject({ status: 'OOMKilled', state: 'bad', lastEnd: { reason: 'OOMKilled', exitCode: 137 } });
  expect(pod('unscheduled', { ageMs: 60_000 })).toMatchObject({
    status: 'Pending',
    state: 'unknown',
    reason: expect.stringContaining('Insufficient cpu'),
  });
  expect(pod('unscheduled', { ageMs: 600_000 })).toMatchObject({ status: 'Pending', state: 'bad' });
  expect(pod('creating', { ageMs: 60_000 })).toMatchObject({ status: 'ContainerCreating', state: 'unknown', reason: '' });
});

/** A pod with these parts of its status in the place of its own. */
const withStatus = (status: object, metadata: object = {}): KubernetesObject => {
  const running = kubePod('p', 'running');
  return { ...running, metadata: { ...running.metadata, ...metadata }, status: { ...(running['status'] as object), ...status } };
};
const container = (state: object, lastState: object = {}, ready = false) => ({ name: 'c', ready, restartCount: 1, state, lastState });

test('pods in the states between', () => {
  const waiting = (reason: string) => [container({ waiting: { reason, message: 'no such image' } })];
  const ended = (reason: string, exitCode: number, finishedAt = new Date(nowMs).toISOString()) => ({
    terminated: { reason, exitCode, finishedAt },
  });
  const cases: readonly (readonly [KubernetesObject, string, string])[] = [
    [withStatus({ phase: 'Pending', containerStatuses: waiting('ImagePullBackOff') }), 'ImagePullBackOff', 'bad'],
    [withStatus({ phase: 'Succeeded', containerStatuses: [container(ended('Completed', 0))] }), 'Completed', 'ok'],
    [withStatus({ phase: 'Failed', containerStatuses: [container(ended('Error', 2))] }), 'Error', 'bad'],
    [withStatus({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.', containerStatuses: [] }), 'Evicted', 'bad'],
    [withStatus({}, { deletionTimestamp: new Date(nowMs).toISOString() }), 'Terminating', 'unknown'],
    [
      withStatus({ phase: 'Pending', initContainerStatuses: [container({ running: {} })], containerStatuses: waiting('PodInitializing') }),
      'Init:0/1',
      'bad',
    ],
    [
      withStatus({ phase: 'Pending', initContainerStatuses: waiting('CrashLoopBackOff'), containerStatuses: waiting('PodInitializing') }),
      'Init:CrashLoopBackOff',
      'bad',
    ],
    // Killed for its memory a moment ago and running again is still worth a word; an hour ago is not.
    [withStatus({ containerStatuses: [container({ running: {} }, ended('OOMKilled', 137), true)] }), 'Running', 'bad'],
    [
      withStatus({
        containerStatuses: [container({ running: {} }, ended('OOMKilled', 137, new Date(nowMs - 3_600_000).toISOString()), true)],
      }),
      'Running',
      'ok',
    ],
    // A side-car that has done its part does not make a pod "Completed".
    [withStatus({ containerStatuses: [container(ended('Completed', 0)), container({ running: {} }, {}, true)] }), 'Running', 'ok'],
  ];
  for (const [object, status, state] of cases) expect(judge(object), status).toMatchObject({ status, state });
});

test('nodes and workloads', () => {
  const node = (ready: 'True' | 'False' | 'Unknown') => nodeVerdict(nodeOf('it', kubeNode('vm', { ready })));
  expect(node('True')).toMatchObject({ state: 'ok', reason: '' });
  expect(node('Unknown')).toMatchObject({ state: 'unknown', reason: 'Kubelet stopped posting node status.' });
  expect(node('False')).toMatchObject({ state: 'bad' });
  const pressed = kubeNode('vm');
  (pressed['status'] as { conditions: { type: string; status: string }[] }).conditions[0] = { type: 'MemoryPressure', status: 'True' };
  expect(nodeVerdict(nodeOf('it', pressed))).toMatchObject({ state: 'bad', reason: 'MemoryPressure' });
  expect(nodeOf('it', kubeNode('vm', { address: 'fd00::2' }))).toMatchObject({
    kubelet: '[fd00::2]:10250',
    allocatable: { cpuCores: 7.5, memoryBytes: 24 * 2 ** 30 },
  });
  const workload = (desired: number, available: number) =>
    workloadVerdict(workloadOf('it', kubeWorkload('w', { desired, available })), nowMs).state;
  expect([workload(3, 3), workload(3, 2), workload(0, 0)]).toEqual(['ok', 'bad', 'ok']);
  expect(workloadOf('it', kubeDaemonSet('d', 'kube-system', 4, 3))).toMatchObject({ desired: 4, ready: 3, available: 3 });
});

test('an object with fields of other types than the API has is taken as far as it goes; without a name it is none', () => {
  const odd = {
    metadata: { name: 'p', labels: 7, ownerReferences: 'x' },
    spec: 3,
    status: { phase: 5, containerStatuses: {}, conditions: null },
  };
  expect(podOf('it', odd)).toMatchObject({ name: 'p', phase: 'Unknown', statuses: [], containers: [], owner: null });
  expect(() => podOf('it', { metadata: {} })).toThrow(/metadata\.name/);
});
