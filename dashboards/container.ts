import { type Dashboard, featurePanel, share } from './panel.ts';

/** The containers of an engine through cAdvisor: a line per container. */
export const container: Dashboard = {
  slug: 'container',
  profile: 'container',
  title: { en: 'Containers', es: 'Contenedores' },
  starts: { expr: 'max by ($by) (container_start_time_seconds{$selector,name!=""})', legend: '{{name}}' },
  versions: {
    expr: 'max by ($by, image) (container_start_time_seconds{$selector,name!="",image!=""})',
    legend: '{{name}}',
    version: 'image',
  },
  panels: [
    featurePanel('cpu', 'count', 'CPU cores used', 'Núcleos de CPU usados'),
    featurePanel('cpu_throttled', 'ratio', 'CPU held back', 'CPU frenada', share),
    featurePanel('memory', 'bytes', 'Memory used', 'Memoria usada'),
    featurePanel('memory_of_limit', 'ratio', 'Memory of its limit', 'Memoria de su límite', share),
    featurePanel('network_receive', 'bytes_per_second', 'Network in', 'Red, entrada'),
    featurePanel('network_transmit', 'bytes_per_second', 'Network out', 'Red, salida'),
    featurePanel('network_errors', 'per_second', 'Network errors and drops', 'Errores y descartes de red'),
    featurePanel('disk_read', 'bytes_per_second', 'Disk reads', 'Lecturas de disco'),
    featurePanel('disk_write', 'bytes_per_second', 'Disk writes', 'Escrituras de disco'),
    featurePanel('threads', 'count', 'Threads', 'Hilos'),
  ],
};
