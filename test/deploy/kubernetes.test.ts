import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/server/config.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';
import { type KubernetesObject, objectSchema, type PodSpec } from './kubernetes-schema.ts';

/** The overlays as kubectl builds them. */
const root = join(import.meta.dirname, '..', '..');
const overlays = ['stand-alone', 'single', 'prometheus', 'thanos', 'mimir'] as const;
const kubectl = executableIn('kubectl', process.env['PATH'] ?? '');

async function build(overlay: string): Promise<KubernetesObject[]> {
  const args = ['kustomize', join(root, 'deploy', 'kubernetes', overlay)];
  const result = await run({ file: 'kubectl', args }, { timeoutMs: 60_000, maxBytes: 1_000_000 });
  if (result.exitCode !== 0) throw new Error(`kubectl kustomize ${overlay}: ${result.stderr}`);
  return parseAllDocuments(result.stdout).map((document) => objectSchema.parse(document.toJS()));
}

describe.skipIf(kubectl === null)('the overlays (skipped where the package kubernetes-client is missing)', () => {
  const built = new Map<string, KubernetesObject[]>();
  const objects = (overlay: string): KubernetesObject[] => built.get(overlay) ?? [];
  const all = (): KubernetesObject[] => [...built.values()].flat();
  beforeAll(async () => {
    for (const overlay of overlays) built.set(overlay, await build(overlay));
  });

  const workloads = (of: readonly KubernetesObject[]) =>
    of.flatMap((object) =>
      object.kind === 'StatefulSet' || object.kind === 'DaemonSet' ? [{ object, pod: object.spec.template.spec as PodSpec }] : [],
    );

  test('are built, and every object has the shape that Kubernetes wants', () => {
    expect(
      objects('stand-alone')
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(
      [
        'Namespace',
        'Namespace',
        'ServiceAccount',
        'ServiceAccount',
        'ServiceAccount',
        'ServiceAccount',
        'ClusterRole',
        'ClusterRole',
        'ClusterRoleBinding',
        'ClusterRoleBinding',
        'ConfigMap',
        'ConfigMap',
        'ConfigMap',
        'StatefulSet',
        'StatefulSet',
        'StatefulSet',
        'DaemonSet',
        'Service',
        'Service',
        'Service',
        'NetworkPolicy',
        'NetworkPolicy',
        'NetworkPolicy',
        'NetworkPolicy',
      ].sort(),
    );
    for (const overlay of ['single', 'prometheus', 'thanos', 'mimir']) {
      expect(
        objects(overlay)
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(
        [
          'Namespace',
          'ServiceAccount',
          'ClusterRole',
          'ClusterRoleBinding',
          // Where Vigía's own Prometheus scrapes, it needs the right to.
          ...(overlay === 'single' ? ['ClusterRole', 'ClusterRoleBinding'] : []),
          'ConfigMap',
          'StatefulSet',
          'Service',
          'NetworkPolicy',
          'NetworkPolicy',
        ].sort(),
      );
    }
  });

  test('refer only to what they bring, by the names that kustomize gave', () => {
    for (const overlay of overlays) {
      const of = objects(overlay);
      const has = (kind: string, name: string, namespace?: string) =>
        of.some((each) => each.kind === kind && each.metadata.name === name && each.metadata.namespace === namespace);
      for (const { object, pod } of workloads(of)) {
        const { namespace } = object.metadata;
        expect({ overlay, account: has('ServiceAccount', pod.serviceAccountName, namespace) }).toEqual({ overlay, account: true });
        expect({ overlay, namespace: has('Namespace', namespace ?? '') }).toEqual({ overlay, namespace: true });
        const maps = pod.volumes.flatMap(({ configMap }) => (configMap === undefined ? [] : [configMap.name]));
        expect({ overlay, missing: maps.filter((name) => !has('ConfigMap', name, namespace)) }).toEqual({ overlay, missing: [] });
        const volumes = new Set(pod.volumes.map(({ name }) => name));
        if (object.kind === 'StatefulSet') for (const claim of object.spec.volumeClaimTemplates) volumes.add(claim.metadata.name);
        const mounts = pod.containers.flatMap((container) => container.volumeMounts.map(({ name }) => name));
        expect({ overlay, missing: mounts.filter((name) => !volumes.has(name)) }).toEqual({ overlay, missing: [] });
        const ports = new Set(pod.containers.flatMap((container) => container.ports.map(({ name }) => name)));
        const probed = pod.containers.flatMap((container) =>
          [container.startupProbe, container.livenessProbe, container.readinessProbe].flatMap((probe) => probe?.httpGet.port ?? []),
        );
        expect({ overlay, missing: probed.filter((port) => !ports.has(port)) }).toEqual({ overlay, missing: [] });
        const { selector, template } = object.spec;
        expect(template.metadata.labels).toMatchObject(selector.matchLabels);
      }
      for (const service of of.filter((each) => each.kind === 'Service')) {
        const chosen = workloads(of).filter(({ object }) =>
          Object.entries(service.spec.selector).every(([label, value]) => object.spec.template.metadata.labels[label] === value),
        );
        expect(chosen.map(({ object }) => object.metadata.name)).toEqual([service.metadata.name]);
      }
    }
  });

  test('run as the restricted standard of pods wants it, but for node_exporter in its own namespace', () => {
    for (const { object, pod } of workloads(all())) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toMatch(/^\d+[MG]i$/);
        expect(container.livenessProbe).toBeDefined();
        expect(container.readinessProbe).toBeDefined();
      }
      const reachesHost = pod.hostNetwork === true || pod.hostPID === true || pod.volumes.some(({ hostPath }) => hostPath !== undefined);
      expect({ namespace: object.metadata.namespace, reachesHost }).toEqual(
        object.metadata.name === 'node-exporter'
          ? { namespace: 'vigia-nodes', reachesHost: true }
          : { namespace: 'vigia', reachesHost: false },
      );
    }
    const enforced = objects('stand-alone').flatMap(({ kind, metadata }) =>
      kind === 'Namespace' ? [[metadata.name, metadata.labels?.['pod-security.kubernetes.io/enforce']]] : [],
    );
    expect(Object.fromEntries(enforced)).toEqual({ vigia: 'restricted', 'vigia-nodes': 'privileged' });
  });

  test('give the least rights: nothing to change, no secrets, no way into pods', () => {
    const roles = all().flatMap((object) => (object.kind === 'ClusterRole' ? [object] : []));
    const granted = roles.flatMap(({ metadata, rules }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) => resources.map((resource) => ({ role: metadata.name, what: `${group}/${resource}`, verbs }))),
      ),
    );
    expect(granted.flatMap(({ verbs }) => verbs).filter((verb) => !['get', 'list', 'watch'].includes(verb))).toEqual([]);
    const of = (role: string) => [...new Set(granted.filter((each) => each.role === role).map(({ what }) => what))].sort();
    expect(of('vigia')).toEqual(
      ['/nodes', '/pods', '/namespaces', 'apps/deployments', 'apps/replicasets', 'apps/statefulsets', 'apps/daemonsets'].sort(),
    );
    expect(of('vigia-prometheus')).toEqual(['/nodes', '/nodes/metrics', '/pods']);
    expect(of('vigia-kubelets')).toEqual(['/nodes/metrics']);
    for (const binding of all().flatMap((object) => (object.kind === 'ClusterRoleBinding' ? [object] : []))) {
      expect(roles.map(({ metadata }) => metadata.name)).toContain(binding.roleRef.name);
      expect(binding.subjects.map(({ namespace }) => namespace)).toEqual(['vigia']);
    }
  });

  test('let nobody in but where a policy says so', () => {
    for (const overlay of overlays) {
      const policies = objects(overlay).flatMap((object) => (object.kind === 'NetworkPolicy' ? [object] : []));
      const [closed] = policies.filter(({ spec }) => Object.keys(spec.podSelector.matchLabels ?? {}).length === 0);
      expect(closed?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
      const opened = policies.flatMap(({ spec }) => (spec.ingress ?? []).map((rule) => rule.from?.length ?? 0));
      expect(opened.length).toBeGreaterThan(0);
      expect(opened).not.toContain(0);
    }
  });

  test('carry the same files as compose.yml, and images of the same versions', () => {
    const maps = objects('stand-alone').flatMap((object) => (object.kind === 'ConfigMap' ? [object] : []));
    const files: Record<string, readonly string[]> = {
      'vigia-config': ['vigia/vigia.yml'],
      'prometheus-config': ['prometheus/prometheus.yml', 'prometheus/rules.yml', 'prometheus/kubernetes.yml'],
      'alertmanager-config': ['alertmanager/alertmanager.yml'],
    };
    for (const [name, paths] of Object.entries(files)) {
      const map = maps.find(({ metadata }) => new RegExp(`^${name}-[a-z0-9]+$`).test(metadata.name));
      expect(Object.keys(map?.data ?? {}).sort()).toEqual(paths.map((path) => path.split('/')[1] ?? '').sort());
      for (const path of paths) expect(map?.data[path.split('/')[1] ?? '']).toBe(readFileSync(join(root, 'deploy/config', path), 'utf8'));
    }
    const compose = readFileSync(join(root, 'deploy/compose.yml'), 'utf8');
    const images = new Set(workloads(all()).flatMap(({ pod }) => pod.containers.map(({ image }) => image)));
    expect(images.size).toBe(4);
    expect([...images].filter((image) => !compose.includes(`image: ${image}\n`))).toEqual([]);
  });
});

/** A Kustomization as far as these use it, strictly; kubectl is not everywhere. */
const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  bases: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  patchesStrategicMerge: z.array(z.string()).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        namespace: z.literal('vigia'),
        behavior: z.literal('replace').optional(),
        files: z.array(z.string()),
      }),
    )
    .default([]),
});

const patch = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });

/** What a folder brings, its bases first: the files of each map by its name, and the objects of its resources. */
function gather(folder: string, into = { maps: new Map<string, string[]>(), objects: [] as KubernetesObject[] }): typeof into {
  const { bases, resources, patchesStrategicMerge, configMapGenerator } = kustomization.parse(
    parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')),
  );
  for (const base of bases) gather(join(folder, base), into);
  for (const file of resources) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
      into.objects.push(objectSchema.parse(document.toJS()));
  }
  for (const file of patchesStrategicMerge) {
    const { kind, metadata } = patch.parse(parse(readFileSync(join(folder, file), 'utf8')));
    expect(into.objects.map((each) => `${each.kind} ${each.metadata.name}`)).toContain(`${kind} ${metadata.name}`);
  }
  for (const { name, behavior, files } of configMapGenerator) {
    expect({ folder, name, replaces: into.maps.has(name) }).toEqual({ folder, name, replaces: behavior === 'replace' });
    for (const file of files) expect(existsSync(join(folder, file)), join(folder, file)).toBe(true);
    into.maps.set(name, files);
  }
  return into;
}

test.each(['base', ...overlays])(
  '%s names only files that are there, each an object of the right shape, and no object twice',
  (overlay) => {
    const { maps, objects } = gather(join(root, 'deploy', 'kubernetes', overlay));
    expect(maps.has('vigia-config')).toBe(true);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toContain('StatefulSet vigia/vigia');
  },
);

describe('the configuration of every overlay', () => {
  test('stand-alone watches the API by the same settings, from the environment of its container', () => {
    const { spec } = parse(readFileSync(join(root, 'deploy/kubernetes/stand-alone/vigia.yaml'), 'utf8')) as {
      spec: { template: { spec: PodSpec } };
    };
    const env = Object.fromEntries(
      spec.template.spec.containers.flatMap((each) => (each.env ?? []).map(({ name, value }) => [name, value])),
    );
    const { config } = loadConfig({ file: join(root, 'deploy/config/vigia/vigia.yml'), env });
    expect(config.kubernetes).toMatchObject({ kubelets: 'off', stateMetrics: 'own' });
  });

  test('single watches the cluster with the rights that its role has', () => {
    const { config } = loadConfig({ file: join(root, 'deploy/kubernetes/single/vigia.yml'), env: {} });
    expect(config.kubernetes).toMatchObject({ kubelets: 'direct', stateMetrics: 'auto', annotatedPods: false });
    // The service account of its pod, and Prometheus of its own.
    expect([config.kubernetes?.kubeconfig, config.prometheus.source, config.parts.nodeExporter]).toEqual([undefined, undefined, false]);
  });

  test.each(['prometheus', 'thanos', 'mimir'])('%s is what Vigía takes', (overlay) => {
    const { config } = loadConfig({ file: join(root, 'deploy/kubernetes', overlay, 'vigia.yml'), env: {} });
    expect(config.prometheus.source?.url).toMatch(/^http:\/\//);
    expect(config.parts.nodeExporter).toBe(false);
    expect(config.kubernetes).toMatchObject({ kubelets: 'off', stateMetrics: 'own' });
    const profiles = Object.keys(config.prometheus.source?.selectors ?? {});
    expect(profiles.length).toBeGreaterThan(2);
    expect(profiles.filter((profile) => !existsSync(join(root, 'profiles', `${profile}.yml`)))).toEqual([]);
    expect(config.prometheus.source?.tenant).toBe(overlay === 'mimir' ? 'anonymous' : undefined);
  });

  test('Prometheus discovers with no more rights than its role has', async () => {
    const text = readFileSync(join(root, 'deploy/config/prometheus/kubernetes.yml'), 'utf8');
    const { scrape_configs: jobs } = parse(text) as { scrape_configs: Record<string, unknown>[] };
    const discoveries = jobs.map((job) => job['kubernetes_sd_configs'] as { role: string }[]);
    expect(discoveries.map((list) => list.map(({ role }) => role))).toEqual([['node'], ['node'], ['pod'], ['pod']]);
    // All but the discovery itself, which Debian's build of Prometheus is without.
    const { dir, stop } = scratch();
    try {
      const checkable = jobs.map((job) => {
        const { kubernetes_sd_configs: _, ...rest } = job;
        return JSON.parse(
          JSON.stringify(rest).replaceAll('/var/run/secrets/kubernetes.io/serviceaccount/token', join(dir, 'token')),
        ) as object;
      });
      write(dir, { 'prometheus.yml': JSON.stringify({ scrape_configs: checkable }), token: 'the token' });
      const limits = { timeoutMs: 60_000, maxBytes: 100_000 };
      const result = await run({ file: 'promtool', args: ['check', 'config', 'prometheus.yml'], cwd: dir }, limits);
      expect({ code: result.exitCode, said: result.stderr }).toEqual({ code: 0, said: '' });
    } finally {
      await stop();
    }
  });
});
