import { z } from 'zod';

/**
 * The part of the Kubernetes API (v1, apps/v1, rbac.authorization.k8s.io/v1, networking.k8s.io/v1 of release 1.20 and later) that our
 * manifests use, strictly: a key that is not here is one that was misspelt. After the API's own reference.
 */
const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .max(253);
const labels = z.record(z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9][-A-Za-z0-9_.]*$/), z.string().max(63));
const metadata = z.strictObject({
  name,
  namespace: name.optional(),
  labels: labels.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  // kustomize prints it so.
  creationTimestamp: z.null().optional(),
});
const quantity = z.string().regex(/^\d+(m|[KMGT]i?)?$/);
const port = z.number().int().min(1).max(65_535);
const selector = z.strictObject({ matchLabels: labels.optional() });

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.string() }),
  periodSeconds: z.number().int().min(1).optional(),
  timeoutSeconds: z.number().int().min(1).optional(),
  failureThreshold: z.number().int().min(1).optional(),
});

const container = z.strictObject({
  name,
  image: z.string().regex(/^[a-z0-9./-]+:v?\d+\.\d+\.\d+$/),
  args: z.array(z.string()),
  env: z.array(z.strictObject({ name: z.string().regex(/^[A-Z_]+$/), value: z.string() })).optional(),
  ports: z.array(z.strictObject({ name, containerPort: port, hostPort: port.optional() })),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.strictObject({ drop: z.array(z.string()) }),
  }),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ memory: quantity }),
  }),
  volumeMounts: z.array(
    z.strictObject({
      name,
      mountPath: z.string().startsWith('/'),
      readOnly: z.boolean().optional(),
      mountPropagation: z.enum(['None', 'HostToContainer', 'Bidirectional']).optional(),
    }),
  ),
});

const volume = z.strictObject({
  name,
  emptyDir: z.strictObject({ sizeLimit: quantity.optional() }).optional(),
  configMap: z.strictObject({ name }).optional(),
  secret: z.strictObject({ secretName: name, items: z.array(z.strictObject({ key: z.string(), path: z.string() })).optional() }).optional(),
  hostPath: z.strictObject({ path: z.string().startsWith('/') }).optional(),
});

const podSpec = z.strictObject({
  serviceAccountName: name,
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  terminationGracePeriodSeconds: z.number().int().optional(),
  hostNetwork: z.boolean().optional(),
  hostPID: z.boolean().optional(),
  tolerations: z.array(z.strictObject({ operator: z.enum(['Exists', 'Equal']) })).optional(),
  securityContext: z.strictObject({
    runAsNonRoot: z.boolean(),
    runAsUser: z.number().int().min(1),
    runAsGroup: z.number().int().min(1),
    fsGroup: z.number().int().min(1).optional(),
    seccompProfile: z.strictObject({ type: z.enum(['RuntimeDefault', 'Unconfined']) }),
  }),
  containers: z.array(container).min(1),
  volumes: z.array(volume),
});
export type PodSpec = z.infer<typeof podSpec>;

const template = z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec });
const workload = { selector: z.strictObject({ matchLabels: labels }), template };

const claim = z.strictObject({
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    accessModes: z.array(z.enum(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'])),
    resources: z.strictObject({ requests: z.strictObject({ storage: quantity }) }),
  }),
});

const peer = z.strictObject({
  namespaceSelector: selector.optional(),
  podSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: z.cidrv4(), except: z.array(z.cidrv4()).optional() }).optional(),
});
const policyPort = z.strictObject({ protocol: z.enum(['TCP', 'UDP', 'SCTP']), port: port.optional() });

const core = { apiVersion: z.literal('v1'), metadata };
const apps = { apiVersion: z.literal('apps/v1'), metadata };
const rbac = { apiVersion: z.literal('rbac.authorization.k8s.io/v1'), metadata };

export const objectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('Namespace'), ...core }),
  z.strictObject({ kind: z.literal('ServiceAccount'), ...core, automountServiceAccountToken: z.boolean() }),
  z.strictObject({ kind: z.literal('ConfigMap'), ...core, data: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/), z.string()) }),
  z.strictObject({
    kind: z.literal('Service'),
    ...core,
    spec: z.strictObject({ selector: labels, ports: z.array(z.strictObject({ name, port, targetPort: z.string() })) }),
  }),
  z.strictObject({
    kind: z.literal('StatefulSet'),
    ...apps,
    spec: z.strictObject({ ...workload, serviceName: name, replicas: z.number().int(), volumeClaimTemplates: z.array(claim) }),
  }),
  z.strictObject({ kind: z.literal('DaemonSet'), ...apps, spec: z.strictObject(workload) }),
  z.strictObject({
    kind: z.literal('ClusterRole'),
    ...rbac,
    rules: z.array(z.strictObject({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) })),
  }),
  z.strictObject({
    kind: z.literal('ClusterRoleBinding'),
    ...rbac,
    roleRef: z.strictObject({ apiGroup: z.literal('rbac.authorization.k8s.io'), kind: z.literal('ClusterRole'), name }),
    subjects: z.array(z.strictObject({ kind: z.literal('ServiceAccount'), name, namespace: name })),
  }),
  z.strictObject({
    kind: z.literal('NetworkPolicy'),
    apiVersion: z.literal('networking.k8s.io/v1'),
    metadata,
    spec: z.strictObject({
      podSelector: selector,
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
      ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports: z.array(policyPort).optional() })).optional(),
      egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports: z.array(policyPort).optional() })).optional(),
    }),
  }),
]);
export type KubernetesObject = z.infer<typeof objectSchema>;
