/** Objects as the API of a real cluster has them (1.20 and later), as far as anybody asks. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const minute = 60_000;

export function kubeNode(
  name: string,
  part: { ready?: 'True' | 'False' | 'Unknown'; address?: string; port?: number } = {},
): KubernetesObject {
  const { ready = 'True', address = '192.168.1.20', port = 10_250 } = part;
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: iso(Date.now()),
    lastTransitionTime: iso(Date.now() - 30 * minute),
  });
  return {
    metadata: { name, uid: `${name}-uid`, creationTimestamp: iso(Date.now() - 60 * minute), labels: { 'kubernetes.io/hostname': name } },
    spec: { podCIDR: '10.244.0.0/24' },
    status: {
      capacity: { cpu: '8', memory: '25296928Ki', pods: '110' },
      allocatable: { cpu: '7500m', memory: '24Gi', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        ready === 'True'
          ? condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
          : condition('Ready', ready, 'NodeStatusUnknown', 'Kubelet stopped posting node status.'),
      ],
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: { kubeletVersion: 'v1.20.2', osImage: 'Debian GNU/Linux 12 (bookworm)' },
    },
  };
}

export const kubeNamespace = (name: string): KubernetesObject => ({
  metadata: { name, uid: `${name}-uid`, creationTimestamp: iso(Date.now() - 60 * minute) },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
});

const ended = (reason: string, exitCode: number, agoMs: number) => ({
  exitCode,
  reason,
  startedAt: iso(Date.now() - agoMs - 2_000),
  finishedAt: iso(Date.now() - agoMs),
  containerID: 'docker://0123',
});

/** What a container does, as the kubelet tells it. */
const states = {
  running: (restarts: number) => ({
    ready: true,
    restartCount: restarts,
    state: { running: { startedAt: iso(Date.now() - 20 * minute) } },
    lastState: {},
  }),
  crashing: (restarts: number) => ({
    ready: false,
    restartCount: restarts,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 1m20s restarting failed container=c pod=crash_default(9014a37b)',
      },
    },
    lastState: { terminated: ended('Error', 1, 30_000) },
  }),
  oomKilled: (restarts: number) => ({
    ready: false,
    restartCount: restarts,
    state: { terminated: ended('OOMKilled', 137, 10_000) },
    lastState: { terminated: ended('OOMKilled', 137, 60_000) },
  }),
  creating: () => ({ ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } }, lastState: {} }),
} as const;
export type PodDoes = keyof typeof states | 'unscheduled';

export function kubePod(
  name: string,
  does: PodDoes,
  part: {
    namespace?: string;
    node?: string;
    restarts?: number;
    owner?: readonly [kind: string, name: string];
    ip?: string;
    ageMs?: number;
    limits?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
    labels?: Readonly<Record<string, string>>;
    ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  } = {},
): KubernetesObject {
  const {
    namespace = 'default',
    node = 'vm',
    restarts = 0,
    owner,
    ip = '10.244.0.7',
    ageMs = 20 * minute,
    limits,
    annotations,
    labels,
    ports,
  } = part;
  const unscheduled = does === 'unscheduled';
  const pending = unscheduled || does === 'creating';
  const ready = does === 'running';
  const sinceIso = iso(Date.now() - ageMs + 2_000);
  const status = unscheduled ? null : states[does](restarts);
  return {
    metadata: {
      name,
      namespace,
      uid: `${name}-uid`,
      creationTimestamp: iso(Date.now() - ageMs),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: 'apps/v1', kind: owner[0], name: owner[1], uid: 'o', controller: true, blockOwnerDeletion: true },
            ],
          }),
      managedFields: [{ manager: 'kubelet', operation: 'Update', fieldsV1: { 'f:status': {} } }],
    },
    spec: {
      ...(unscheduled ? {} : { nodeName: node }),
      containers: [
        { name: 'c', image: 'busybox', resources: limits === undefined ? {} : { limits }, ...(ports === undefined ? {} : { ports }) },
      ],
    },
    status: {
      phase: pending ? 'Pending' : 'Running',
      ...(pending ? {} : { podIP: ip, startTime: sinceIso }),
      conditions: unscheduled
        ? [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/1 nodes are available: 1 Insufficient cpu.',
              lastTransitionTime: sinceIso,
            },
          ]
        : [
            { type: 'PodScheduled', status: 'True', lastTransitionTime: sinceIso },
            {
              type: 'Ready',
              status: ready ? 'True' : 'False',
              ...(ready ? {} : { reason: 'ContainersNotReady', message: 'containers with unready status: [c]' }),
              lastTransitionTime: sinceIso,
            },
          ],
      ...(status === null ? {} : { containerStatuses: [{ name: 'c', image: 'busybox', ...status }] }),
    },
  };
}

export function kubeWorkload(
  name: string,
  part: { namespace?: string; desired: number; available: number; owner?: readonly [kind: string, name: string]; ageMs?: number },
): KubernetesObject {
  const { namespace = 'default', desired, available, owner, ageMs = 60 * minute } = part;
  return {
    metadata: {
      name,
      namespace,
      uid: `${name}-uid`,
      creationTimestamp: iso(Date.now() - ageMs),
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: owner[0], name: owner[1], uid: 'o', controller: true }] }),
    },
    spec: { replicas: desired },
    status: { replicas: desired, readyReplicas: available, availableReplicas: available, updatedReplicas: desired },
  };
}

export function kubeDaemonSet(name: string, namespace: string, desired: number, available: number): KubernetesObject {
  return {
    metadata: { name, namespace, uid: `${name}-uid`, creationTimestamp: iso(Date.now() - 60 * minute) },
    spec: {},
    status: {
      desiredNumberScheduled: desired,
      currentNumberScheduled: desired,
      updatedNumberScheduled: desired,
      numberReady: available,
      numberAvailable: available,
    },
  };
}
