import { z } from 'zod';
import { checked, timeMs } from '../answer.ts';
import { quantity } from './quantity.ts';

/**
 * What Vigía keeps of an object: a fraction of it, so that a cluster of many thousand pods fits into memory.
 * Source: the Kubernetes API, core/v1 and apps/v1; a field that is missing or of another type than there is taken as absent.
 */
export interface Meta {
  readonly name: string;
  /** Empty for what lies in no namespace. */
  readonly namespace: string;
  readonly uid: string;
  readonly createdMs: number;
  /** Its end was asked for. */
  readonly deleting: boolean;
  /** What made it. */
  readonly owner: { readonly kind: string; readonly name: string } | null;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number | null;
}

export interface KubernetesNode extends Meta {
  readonly schedulable: boolean;
  readonly version: string;
  /** HOST:PORT of its kubelet; null without an address. */
  readonly kubelet: string | null;
  readonly conditions: readonly Condition[];
  readonly allocatable: { readonly cpuCores: number | null; readonly memoryBytes: number | null };
}

/** How a container ended. */
export interface Ended {
  readonly reason: string;
  readonly exitCode: number;
  readonly atMs: number | null;
}

export interface ContainerStatus {
  readonly name: string;
  readonly init: boolean;
  /** As `docker://` and the id; empty before it is made. */
  readonly containerId: string;
  readonly image: string;
  /** With a checksum, where the runtime says one. */
  readonly imageId: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly running: boolean;
  readonly waiting: { readonly reason: string; readonly message: string } | null;
  readonly terminated: Ended | null;
  readonly lastTerminated: Ended | null;
}

export interface ContainerSpec {
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly cpuLimitCores: number | null;
  readonly memoryLimitBytes: number | null;
}

export interface KubernetesPod extends Meta {
  readonly node: string | null;
  readonly ip: string | null;
  readonly phase: string;
  /** Of the pod itself: `Evicted`, `NodeLost`. */
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  readonly containers: readonly ContainerSpec[];
  readonly statuses: readonly ContainerStatus[];
  /** Annotations that begin with `prometheus.io/`, without that beginning. */
  readonly scrape: Readonly<Record<string, string>>;
  /** The label `app.kubernetes.io/name`, or `k8s-app`. */
  readonly app: string;
}

export interface KubernetesWorkload extends Meta {
  readonly desired: number;
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

const text = z.string().nullish().catch(undefined);
const whole = z.number().nullish().catch(undefined);
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish().catch(undefined);
const quantities = z.record(z.string(), z.unknown()).nullish().catch(undefined);
const strings = z.record(z.string(), z.string()).nullish().catch(undefined);

const metaShape = z.object({
  name: z.string().min(1),
  namespace: text,
  uid: text,
  creationTimestamp: text,
  deletionTimestamp: text,
  labels: strings,
  annotations: strings,
  ownerReferences: list(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() })),
});
const conditionShape = z.object({ type: z.string(), status: text, reason: text, message: text, lastTransitionTime: text });
const terminatedShape = z.object({ reason: text, exitCode: whole, finishedAt: text, signal: whole });
const stateShape = z
  .object({
    waiting: z.object({ reason: text, message: text }).nullish(),
    running: z.unknown().optional(),
    terminated: terminatedShape.nullish(),
  })
  .nullish()
  .catch(undefined);
const statusShape = z.object({
  name: z.string(),
  containerID: text,
  image: text,
  imageID: text,
  ready: z.boolean().nullish(),
  restartCount: whole,
  state: stateShape,
  lastState: stateShape,
});

const namespaceShape = z.object({ metadata: metaShape });
const nodeShape = z.object({
  metadata: metaShape,
  spec: z.object({ unschedulable: z.boolean().nullish() }).nullish().catch(undefined),
  status: z
    .object({
      conditions: list(conditionShape),
      addresses: list(z.object({ type: z.string(), address: z.string() })),
      allocatable: quantities,
      nodeInfo: z.object({ kubeletVersion: text }).nullish(),
      daemonEndpoints: z.object({ kubeletEndpoint: z.object({ Port: whole }).nullish() }).nullish(),
    })
    .nullish()
    .catch(undefined),
});
const podShape = z.object({
  metadata: metaShape,
  spec: z
    .object({
      nodeName: text,
      containers: list(
        z.object({
          name: z.string(),
          ports: list(z.object({ name: text, containerPort: z.number() })),
          resources: z.object({ limits: quantities }).nullish().catch(undefined),
        }),
      ),
    })
    .nullish()
    .catch(undefined),
  status: z
    .object({
      phase: text,
      reason: text,
      message: text,
      podIP: text,
      conditions: list(conditionShape),
      containerStatuses: list(statusShape),
      initContainerStatuses: list(statusShape),
    })
    .nullish()
    .catch(undefined),
});
const counts = z.record(z.string(), z.unknown()).nullish().catch(undefined);
const workloadShape = z.object({ metadata: metaShape, spec: counts, status: counts });

function metaOf(raw: z.infer<typeof metaShape>): Meta {
  const owner = raw.ownerReferences?.find((each) => each.controller === true) ?? raw.ownerReferences?.[0];
  return {
    name: raw.name,
    namespace: raw.namespace ?? '',
    uid: raw.uid ?? '',
    createdMs: timeMs(raw.creationTimestamp ?? undefined) ?? 0,
    deleting: (raw.deletionTimestamp ?? '') !== '',
    owner: owner === undefined ? null : { kind: owner.kind, name: owner.name },
  };
}

const conditionsOf = (raw: z.infer<typeof conditionShape>[] | null | undefined): Condition[] =>
  (raw ?? []).map((each) => ({
    type: each.type,
    status: each.status === 'True' || each.status === 'False' ? each.status : 'Unknown',
    reason: each.reason ?? '',
    message: (each.message ?? '').slice(0, 500),
    sinceMs: timeMs(each.lastTransitionTime ?? undefined),
  }));

export function nodeOf(what: string, value: unknown): KubernetesNode {
  const { metadata, spec, status } = checked(what, nodeShape, value);
  const addresses = status?.addresses ?? [];
  const host = (['InternalIP', 'ExternalIP', 'Hostname'] as const)
    .map((type) => addresses.find((each) => each.type === type)?.address)
    .find((address) => address !== undefined && address !== '');
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
  return {
    ...metaOf(metadata),
    schedulable: spec?.unschedulable !== true,
    version: status?.nodeInfo?.kubeletVersion ?? '',
    kubelet: host === undefined ? null : hostPort(host, port),
    conditions: conditionsOf(status?.conditions),
    allocatable: { cpuCores: quantity(status?.allocatable?.['cpu']), memoryBytes: quantity(status?.allocatable?.['memory']) },
  };
}

export function podOf(what: string, value: unknown): KubernetesPod {
  const { metadata, spec, status } = checked(what, podShape, value);
  const prefix = 'prometheus.io/';
  return {
    ...metaOf(metadata),
    node: spec?.nodeName ?? null,
    ip: status?.podIP ?? null,
    phase: status?.phase ?? 'Unknown',
    reason: status?.reason ?? '',
    message: (status?.message ?? '').slice(0, 500),
    conditions: conditionsOf(status?.conditions),
    containers: (spec?.containers ?? []).map((each) => ({
      name: each.name,
      ports: (each.ports ?? []).map(({ name, containerPort }) => ({ name: name ?? '', port: containerPort })),
      cpuLimitCores: quantity(each.resources?.limits?.['cpu']),
      memoryLimitBytes: quantity(each.resources?.limits?.['memory']),
    })),
    statuses: [
      ...(status?.initContainerStatuses ?? []).map((each) => statusOf(each, true)),
      ...(status?.containerStatuses ?? []).map((each) => statusOf(each, false)),
    ],
    scrape: Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).flatMap(([name, said]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), said]] : [],
      ),
    ),
    app: metadata.labels?.['app.kubernetes.io/name'] ?? metadata.labels?.['k8s-app'] ?? '',
  };
}

function statusOf(raw: z.infer<typeof statusShape>, init: boolean): ContainerStatus {
  const { waiting, running, terminated } = raw.state ?? {};
  return {
    name: raw.name,
    init,
    containerId: raw.containerID ?? '',
    image: raw.image ?? '',
    imageId: raw.imageID ?? '',
    ready: raw.ready === true,
    restarts: raw.restartCount ?? 0,
    running: running !== undefined && running !== null,
    waiting:
      waiting === undefined || waiting === null ? null : { reason: waiting.reason ?? '', message: (waiting.message ?? '').slice(0, 500) },
    terminated: endedOf(terminated),
    lastTerminated: endedOf(raw.lastState?.terminated),
  };
}

function endedOf(raw: z.infer<typeof terminatedShape> | null | undefined): Ended | null {
  if (raw === undefined || raw === null) return null;
  const exitCode = raw.exitCode ?? 0;
  return { reason: raw.reason ?? (exitCode === 0 ? 'Completed' : 'Error'), exitCode, atMs: timeMs(raw.finishedAt ?? undefined) };
}

export const namespaceOf = (what: string, value: unknown): Meta => metaOf(checked(what, namespaceShape, value).metadata);

/** Deployments, StatefulSets and ReplicaSets count replicas; DaemonSets count nodes, under other names. */
export function workloadOf(what: string, value: unknown): KubernetesWorkload {
  const { metadata, spec, status } = checked(what, workloadShape, value);
  const number = (...values: unknown[]): number => values.find((each): each is number => typeof each === 'number') ?? 0;
  const daemon = status?.['desiredNumberScheduled'] !== undefined;
  return {
    ...metaOf(metadata),
    desired: daemon ? number(status?.['desiredNumberScheduled']) : number(spec?.['replicas'], 1),
    current: number(status?.['currentNumberScheduled'], status?.['replicas']),
    updated: number(status?.['updatedNumberScheduled'], status?.['updatedReplicas']),
    ready: number(status?.['numberReady'], status?.['readyReplicas']),
    // StatefulSets before 1.22 count no available ones.
    available: number(status?.['numberAvailable'], status?.['availableReplicas'], daemon ? 0 : status?.['readyReplicas']),
  };
}

/** HOST:PORT, with an IPv6 address in brackets. */
export const hostPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
