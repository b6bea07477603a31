import { type Dashboard, detailPanel, featurePanel, share } from './panel.ts';

/** A Kubernetes node through its kubelet. */
export const k8sNode: Dashboard = {
  slug: 'k8s-node',
  profile: 'k8s-node',
  title: { en: 'Kubernetes node', es: 'Nodo de Kubernetes' },
  starts: { expr: 'container_start_time_seconds{$selector,id="/"}', legend: '' },
  versions: { expr: 'max by ($by, kubelet_version) (kube_node_info{$selector})', legend: 'kubelet', version: 'kubelet_version' },
  panels: [
    featurePanel('cpu', 'ratio', 'CPU busy', 'CPU ocupada', share),
    featurePanel('memory', 'ratio', 'Memory used', 'Memoria usada', share),
    featurePanel('disk_space', 'ratio', 'Fullest file system', 'Sistema de archivos más lleno', share),
    featurePanel('network_receive', 'bytes_per_second', 'Network in', 'Red, entrada'),
    featurePanel('network_transmit', 'bytes_per_second', 'Network out', 'Red, salida'),
    featurePanel('network_errors', 'per_second', 'Network errors and drops', 'Errores y descartes de red'),
    featurePanel('pods', 'count', 'Pods running', 'Pods en marcha'),
    detailPanel('containers', 'count', 'Containers by state', 'Contenedores por estado', [
      {
        expr: 'sum by (container_state) (kubelet_running_containers{$selector}) or sum by (container_state) (kubelet_running_container_count{$selector})',
        legend: '{{container_state}}',
      },
    ]),
    featurePanel('runtime_errors', 'per_second', 'Errors of the container runtime', 'Errores del motor de contenedores'),
    featurePanel('relist_seconds', 'seconds', 'Time to list its containers', 'Tiempo en listar sus contenedores'),
  ],
};

/** Kubernetes pods through kubelets and kube-state-metrics: a line per pod. */
export const k8sPod: Dashboard = {
  slug: 'k8s-pod',
  profile: 'k8s-pod',
  title: { en: 'Kubernetes pods', es: 'Pods de Kubernetes' },
  starts: { expr: 'max by ($by) (container_start_time_seconds{$selector,pod!=""})', legend: '{{pod}}' },
  panels: [
    featurePanel('cpu', 'count', 'CPU cores used', 'Núcleos de CPU usados'),
    featurePanel('cpu_throttled', 'ratio', 'CPU held back', 'CPU frenada', share),
    featurePanel('memory', 'bytes', 'Memory used', 'Memoria usada'),
    featurePanel('memory_of_limit', 'ratio', 'Memory of its limit', 'Memoria de su límite', share),
    featurePanel('network_receive', 'bytes_per_second', 'Network in', 'Red, entrada'),
    featurePanel('network_transmit', 'bytes_per_second', 'Network out', 'Red, salida'),
    featurePanel('threads', 'count', 'Threads', 'Hilos'),
    featurePanel('restarts', 'count', 'Restarts', 'Reinicios'),
    featurePanel('waiting', 'count', 'Containers waiting', 'Contenedores en espera'),
    featurePanel('not_ready', 'ratio', 'Not ready', 'No listo', share),
    detailPanel('phases', 'count', 'Pods by phase', 'Pods por fase', [
      { expr: 'sum by (phase) (kube_pod_status_phase{$selector})', legend: '{{phase}}' },
    ]),
    detailPanel('waiting-reasons', 'count', 'Why containers wait', 'Por qué esperan los contenedores', [
      { expr: 'sum by (namespace, pod, reason) (kube_pod_container_status_waiting_reason{$selector}) > 0', legend: '{{pod}}: {{reason}}' },
    ]),
  ],
};
