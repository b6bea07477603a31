import { type Dashboard, detailPanel, featurePanel, share } from './panel.ts';

/** A count that each kind of workload has under a name of its own, as one line for each. */
const counted = (names: Readonly<Record<string, string>>, word: string) =>
  Object.entries(names).map(([label, metric]) => ({
    expr: `label_replace(max by (namespace, ${label}) (${metric}{$selector}), "workload", "$1", "${label}", "(.+)")`,
    legend: `{{namespace}}/{{workload}} ${word}`,
  }));

/** Pods of an older revision that are still there, for each kind of workload. */
const outdated = Object.entries({
  deployment: ['kube_deployment_status_replicas', 'kube_deployment_status_replicas_updated'],
  statefulset: ['kube_statefulset_status_replicas', 'kube_statefulset_status_replicas_updated'],
  daemonset: ['kube_daemonset_status_current_number_scheduled', 'kube_daemonset_status_updated_number_scheduled'],
})
  .map(([label, names]) => {
    const [all, updated] = names.map((metric) => `max by (namespace, ${label}) (${metric}{$selector})`);
    return `label_replace(${all} - ${updated} > 0, "workload", "$1", "${label}", "(.+)")`;
  })
  .join(' or ');

/** Kubernetes workloads: a line for each. */
export const k8sWorkload: Dashboard = {
  slug: 'k8s-workload',
  profile: 'k8s-workload',
  title: { en: 'Kubernetes workloads', es: 'Cargas de Kubernetes' },
  rollouts: { expr: outdated, legend: '{{namespace}}/{{workload}}' },
  panels: [
    featurePanel('replicas_missing', 'count', 'Replicas missing', 'Réplicas que faltan'),
    detailPanel('replicas', 'count', 'Replicas wanted and available', 'Réplicas deseadas y disponibles', [
      ...counted(
        {
          deployment: 'kube_deployment_spec_replicas',
          statefulset: 'kube_statefulset_replicas',
          daemonset: 'kube_daemonset_status_desired_number_scheduled',
        },
        '(wanted)',
      ),
      ...counted(
        {
          deployment: 'kube_deployment_status_replicas_available',
          statefulset: 'kube_statefulset_status_replicas_ready',
          daemonset: 'kube_daemonset_status_number_available',
        },
        '(available)',
      ),
    ]),
    featurePanel('pods', 'count', 'Pods', 'Pods'),
    featurePanel('cpu', 'count', 'CPU cores used', 'Núcleos de CPU usados'),
    featurePanel('memory', 'bytes', 'Memory used', 'Memoria usada'),
    featurePanel('restarts', 'count', 'Restarts', 'Reinicios'),
    featurePanel('waiting', 'count', 'Containers waiting', 'Contenedores en espera'),
    featurePanel('not_ready', 'ratio', 'Share of pods not ready', 'Parte de pods no listos', share),
  ],
};
