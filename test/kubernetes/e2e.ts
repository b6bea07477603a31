import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAccess } from '../../src/clients/kubernetes/access.ts';
import { keyOf } from '../../src/server/kubernetes/cluster.ts';
import { podVerdict } from '../../src/server/kubernetes/verdict.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { eventually } from '../stand-ins/real.ts';
import { clusterHouse } from './house.ts';

/** `npm run e2e:kubernetes`: the same against the cluster that KUBECONFIG names. It only reads. */
const kubeconfig = process.env['KUBECONFIG'] ?? '';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (kubeconfig === '') {
  say('KUBECONFIG is not set, so there is no real cluster to try: nothing was tested.');
  say('Set it to a kubeconfig whose user has the rights of docs/kubernetes.md.');
} else await tryCluster();

async function tryCluster(): Promise<void> {
  const accessOptions = { kubeconfig, env: process.env };
  const access = readAccess(accessOptions);
  say(`Trying ${access.server} …`);
  const house = await clusterHouse({ access, accessOptions, stepMs: 5_000 });
  try {
    const { cluster } = house.kubernetes;
    const nodes = cluster.nodes();
    assert.ok(nodes.length > 0, 'the cluster has no node');
    assert.equal(house.kubernetes.health().state, 'ok', house.kubernetes.health().reason);
    say(`${nodes.length} nodes, ${[...cluster.pods()].length} pods, ${cluster.workloads().length} workloads are followed.`);
    await sleep(1_000);
    await eventually(
      'every kubelet by http_sd',
      async () => (await house.client.query('up{profile="k8s-node"} == 1')).length === 2 * nodes.length || undefined,
      90_000,
    );
    say('Every kubelet answers Prometheus through the API server.');
    const phases = await eventually('the state of pods', async () => {
      const found = await house.client.query('kube_pod_status_phase == 1');
      return found.length > 0 && found;
    });
    assert.ok(phases.every(({ labels }) => labels['profile'] === 'k8s-pod'));
    await eventually(
      'use of pods',
      async () => (await house.client.query('container_memory_working_set_bytes{profile="k8s-pod"}')).length > 0 || undefined,
    );
    await compareWithKubectl();
    for (const pod of cluster.pods()) {
      const { status, state, restarts } = podVerdict(pod, Date.now());
      say(`  ${state.padEnd(7)} ${status.padEnd(20)} ${String(restarts).padStart(4)} ${keyOf(pod)}`);
    }
    say('All is as it should be.');
  } finally {
    await house.stop();
  }

  /** What kubectl calls each pod is what Vigía calls it; those that change between the two looks are looked at again. */
  async function compareWithKubectl(): Promise<void> {
    if (executableIn('kubectl', process.env['PATH'] ?? '') === null) {
      say('kubectl is not here, so its words were not compared.');
      return;
    }
    await eventually('the words of kubectl', async () => {
      const args = ['get', 'pods', '--all-namespaces', '--no-headers', `--kubeconfig=${kubeconfig}`];
      const { stdout } = await run({ file: 'kubectl', args }, { timeoutMs: 30_000, maxBytes: 10_000_000 });
      const theirs = stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/))
        .map(([namespace, name, , status]) => `${namespace}/${name} ${status}`);
      const ours = [...house.kubernetes.cluster.pods()].map((pod) => `${keyOf(pod)} ${podVerdict(pod, Date.now()).status}`);
      assert.deepEqual(ours.toSorted(), theirs.toSorted());
      return true;
    });
    say('Every pod is called what kubectl calls it.');
  }
}
