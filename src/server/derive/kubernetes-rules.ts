import type { Profile } from '../../model/profile.ts';
import { bind } from '../profiles.ts';
import { type Category, rateWindowMs, type RuleInput, type RuleSpec, type RuleText, thresholdRule } from './rule-spec.ts';

const MINUTE = 60_000;

/** Threshold rules of a cluster, by profile; none without one. They ask for the names of kube-state-metrics, whoever says them. */
export function kubernetesRules(profile: Profile, input: RuleInput): RuleSpec[] {
  if (input.kubernetes !== true) return [];
  return rulesOf[profile.slug]?.(profile, input) ?? [];
}

const rulesOf: Readonly<Record<string, (profile: Profile, input: RuleInput) => RuleSpec[]>> = {
  'k8s-node': (profile, input) => [
    rule(input, profile, 'NodeNotReady', 'critical', 'availability', 'node', {
      title: 'A node is not ready for 1 minute',
      // `max by`, so that a state that is said twice for a moment is one alert.
      expr: `max by (target, profile, job, node) (kube_node_status_condition{profile="k8s-node",condition="Ready",status="true"}) == 0`,
      forMs: MINUTE,
      headline: 'node {{ $labels.node }} is not ready',
      details: 'Its kubelet is silent or says that it cannot run pods.',
    }),
  ],
  'k8s-pod': (profile, input) => [
    rule(input, profile, 'PodCrashLooping', 'critical', 'availability', 'pod', {
      title: 'A container ends again and again for 1 minute (CrashLoopBackOff)',
      // It leaves that state for a moment with each try.
      expr: `max by (${pod}, container) (max_over_time(kube_pod_container_status_waiting_reason{profile="k8s-pod",reason="CrashLoopBackOff"}[3m])) > 0`,
      forMs: MINUTE,
      headline: 'pod {{ $labels.namespace }}/{{ $labels.pod }} crashes again and again',
      details: 'Its container {{ $labels.container }} ends soon after each start.',
    }),
    rule(input, profile, 'PodOomKilled', 'critical', 'memory', 'pod', {
      title: 'A container was killed for its memory (OOMKilled)',
      expr: [
        `(max by (${pod}, container) (kube_pod_container_status_last_terminated_reason{profile="k8s-pod",reason="OOMKilled"})`,
        `and max by (${pod}, container) (increase(kube_pod_container_status_restarts_total{profile="k8s-pod"}[10m])) > 0)`,
        `or max by (${pod}, container) (kube_pod_container_status_terminated_reason{profile="k8s-pod",reason="OOMKilled"}) > 0`,
      ].join(' '),
      forMs: 0,
      headline: 'pod {{ $labels.namespace }}/{{ $labels.pod }} ran out of memory',
      details: 'Its container {{ $labels.container }} reached its limit within the last 10 minutes and was killed.',
    }),
    rule(input, profile, 'PodPending', 'warning', 'availability', 'pod', {
      title: 'A pod has waited for its start for 5 minutes',
      expr: `max by (${pod}) (kube_pod_status_phase{profile="k8s-pod",phase="Pending"}) > 0`,
      forMs: 5 * MINUTE,
      headline: 'pod {{ $labels.namespace }}/{{ $labels.pod }} does not start',
      details: 'It is pending: no node has room for it, or an image or a volume is missing.',
    }),
  ],
  'k8s-workload': (profile, input) => {
    const missing = profile.features.find((each) => each.name === 'replicas_missing');
    if (missing === undefined) return [];
    const by = ['namespace', 'workload'];
    const stepMs = input.scrapeIntervalMs;
    const expr = bind(missing.expr, { selector: profile.selector, by, rateMs: rateWindowMs(stepMs), stepMs });
    return [
      rule(input, profile, 'ReplicasMissing', 'warning', 'availability', 'workload', {
        title: 'Fewer replicas than wanted are available for 5 minutes',
        expr: `(${expr}) > 0`,
        forMs: 5 * MINUTE,
        headline: 'workload {{ $labels.namespace }}/{{ $labels.workload }} lacks replicas',
        details: '{{ $value }} of the replicas that are wanted are not available.',
      }),
    ];
  },
};

/** What an alert about a pod carries over. */
const pod = 'namespace, pod, profile, job';

const entities = {
  node: { entity: '{{ $labels.target }}', query: '{{ $labels.target | urlquery }}' },
  pod: {
    entity: '{{ $labels.namespace }}/{{ $labels.pod }}',
    query: '{{ $labels.namespace | urlquery }}%2F{{ $labels.pod | urlquery }}',
  },
  workload: {
    entity: '{{ $labels.namespace }}/{{ $labels.workload }}',
    query: '{{ $labels.namespace | urlquery }}%2F{{ $labels.workload | urlquery }}',
  },
} as const;

const rule = (
  input: RuleInput,
  { slug: profile }: Profile,
  name: string,
  severity: RuleSpec['severity'],
  category: Category,
  about: keyof typeof entities,
  text: RuleText,
): RuleSpec => thresholdRule(input, { name, severity, category, profile }, entities[about], text, { job: profile });
