import { type AccessOptions, type KubernetesAccess, readAccess } from '../../clients/kubernetes/access.ts';
import { createKubernetesClient } from '../../clients/kubernetes/client.ts';
import { createGuardedFetch, type GuardedFetchOptions } from '../../clients/guarded.ts';
import { reveal } from '../../clients/secret.ts';
import type { PartHealth } from '../../model/api.ts';
import { reasonOf, VigiaError } from '../../model/errors.ts';
import type { KubernetesConfig } from '../../model/kubernetes.ts';
import type { Target } from '../../model/target.ts';
import type { KubernetesInput } from '../derive/kubernetes-jobs.ts';
import type { Log } from '../log.ts';
import { type Cluster, type ClusterOptions, followCluster } from './cluster.ts';
import { type Discovered, discoverKubelets, discoverPods, discoverStateMetrics, kubernetesJobs, nodeTarget } from './discovery.ts';
import { stateMetrics } from './state-metrics.ts';

/** A cluster as the rest of the house sees it. */
export interface Kubernetes {
  readonly config: KubernetesConfig;
  readonly server: string;
  readonly cluster: Cluster;
  /** Its nodes, as long as they are scraped. */
  targets(): Target[];
  /** What a job of the cluster scrapes; null for jobs that are none of its. @throws VigiaError `far-unreachable` before the first answer. */
  discover(job: string): Discovered[] | null;
  /** Who says the state of objects at present. */
  stateMetrics(): 'own' | 'exporter';
  /** The state of objects for Prometheus, empty while the exporter says it. Null while it is not known, or no longer. */
  exposition(): string | null;
  scrapeInput(): KubernetesInput;
  health(): PartHealth;
  stop(): Promise<void>;
}

const tellMs = 2_000;
const nodesMs = 5_000;

/** Begins to watch a cluster. It never throws for what the cluster does: `health` tells. */
export function startKubernetes(options: {
  config: KubernetesConfig;
  /** As read when Vigía started, maybe by another user. */
  access: KubernetesAccess;
  accessOptions: AccessOptions;
  fetchOptions: Pick<GuardedFetchOptions, 'proxy' | 'noProxy' | 'forbiddenPorts' | 'caPem'>;
  now: () => number;
  log: Log;
  /** Something is to be seen; at most every two seconds. */
  onChange: () => void;
  /** Nodes came or went, or the token is another: files for Prometheus are made anew. */
  onDerive: () => Promise<void>;
  pauses?: ClusterOptions['pauses'];
  /** So often tokens are read again, a minute by default: those of service accounts are exchanged within an hour. */
  rereadMs?: number;
}): Kubernetes {
  const { config, now, log } = options;
  let { access } = options;
  const fetch = createGuardedFetch({
    ...options.fetchOptions,
    tls: {
      ca: access.caPem,
      cert: access.certPem,
      key: access.keyPem === undefined ? undefined : reveal(access.keyPem),
      servername: access.serverName,
    },
  });
  const client = createKubernetesClient({ access: () => access, fetch });
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  /** Once for all that happens within a while. */
  const later = (name: string, ms: number, work: () => void): void => {
    if (stopped || timers.has(name)) return;
    timers.set(
      name,
      setTimeout(() => {
        timers.delete(name);
        work();
      }, ms),
    );
  };
  const derive = (): void =>
    void options.onDerive().catch((thrown: unknown) => log.error({ reason: reasonOf(thrown) }, 'files for the cluster could not be made'));

  let knownNodes = '';
  const cluster = followCluster({
    client,
    now,
    ...(options.pauses === undefined ? {} : { pauses: options.pauses }),
    onChange(what) {
      later('tell', tellMs, options.onChange);
      if (what !== 'nodes') return;
      const names = cluster
        .nodes()
        .map((node) => `${node.name} ${node.kubelet}`)
        .sort()
        .join('\n');
      if (names === knownNodes) return;
      knownNodes = names;
      later('nodes', nodesMs, derive);
    },
  });

  const reread = setInterval(() => {
    try {
      const fresh = readAccess(options.accessOptions);
      const same = (a: KubernetesAccess): string => (a.token === undefined ? '' : reveal(a.token));
      if (same(fresh) === same(access)) return;
      access = { ...access, token: fresh.token };
      derive();
    } catch (thrown) {
      // What was read at the start may be out of reach of the user that Vigía is now; it stays in use.
      log.debug({ reason: reasonOf(thrown) }, 'the access to Kubernetes could not be read again');
    }
  }, options.rereadMs ?? 60_000);

  const exporters = (): Discovered[] => discoverStateMetrics(config, access, cluster);
  const source = (): 'own' | 'exporter' => (exporters().length > 0 ? 'exporter' : 'own');
  const jobs: Readonly<Record<string, () => Discovered[]>> = {
    [kubernetesJobs.kubelets]: () => discoverKubelets(config, access, cluster),
    [kubernetesJobs.stateMetrics]: exporters,
    [kubernetesJobs.pods]: () => discoverPods(config, cluster),
  };
  return {
    config,
    server: access.server,
    cluster,
    targets: () =>
      cluster
        .nodes()
        .map((node) => nodeTarget(config, node))
        .filter((target) => target.enabled),
    discover(job) {
      const found = Object.hasOwn(jobs, job) ? jobs[job] : undefined;
      if (found === undefined) return null;
      // Prometheus keeps what it knew where nobody answers; an empty answer would end it.
      if (!cluster.synced())
        throw new VigiaError('far-unreachable', { what: 'Kubernetes', url: access.server, reason: cluster.health().reason });
      return found();
    },
    stateMetrics: source,
    exposition() {
      // No data is never ok: what was known a minute ago is not what is.
      if (!cluster.fresh()) return null;
      return source() === 'exporter' ? '' : stateMetrics(cluster);
    },
    scrapeInput: () => ({
      config,
      token: access.token,
      caPem: access.caPem,
      certPem: access.certPem,
      keyPem: access.keyPem,
      serverName: access.serverName,
    }),
    health: () => cluster.health(),
    async stop() {
      stopped = true;
      clearInterval(reread);
      for (const timer of timers.values()) clearTimeout(timer);
      await cluster.stop();
      await fetch.close();
    },
  };
}
