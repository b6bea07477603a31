import type { Scope } from '../../model/account.ts';
import type { Target } from '../../model/target.ts';
import type { House } from '../house.ts';
import { podVerdict, type Verdict } from '../kubernetes/verdict.ts';

/** A pod as a page of its own shows it, from its first moment on: before it has samples, and where it never has any. */
export function podTarget(house: House, scope: Scope, id: string): (Verdict & { readonly target: Target }) | null {
  const pod = scope.containers ? (house.kubernetes?.cluster.pod(id) ?? null) : null;
  if (pod === null) return null;
  const { state, reason, sinceMs, status } = podVerdict(pod, house.now());
  const said = [state === 'ok' ? '' : status, reason].filter((text) => text !== '').join(': ');
  return {
    state,
    reason: said,
    sinceMs,
    target: {
      id,
      name: pod.name,
      profile: 'k8s-pod',
      address: pod.node ?? pod.namespace,
      scheme: 'http',
      metricsPath: '/metrics',
      labels: { namespace: pod.namespace },
      enabled: true,
      managedBy: 'kubernetes',
      createdMs: pod.createdMs,
    },
  };
}
