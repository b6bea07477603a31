import { type Dashboard, detailPanel, featurePanel, share } from './panel.ts';

const volumes = 'volume!~"HarddiskVolume.*|_Total"';

/** A Windows host through windows_exporter, of today's releases and of those before 0.30. */
export const windowsHost: Dashboard = {
  slug: 'windows-host',
  profile: 'windows-host',
  title: { en: 'Windows host', es: 'Servidor Windows' },
  starts: { expr: 'windows_system_boot_time_timestamp{$selector} or windows_system_system_up_time{$selector}', legend: '' },
  panels: [
    featurePanel('cpu', 'ratio', 'CPU busy', 'CPU ocupada', share),
    detailPanel('cpu-modes', 'ratio', 'CPU by mode', 'CPU por modo', [
      { expr: 'avg by (mode) (rate(windows_cpu_time_total{$selector,mode!="idle"}[$rate]))', legend: '{{mode}}' },
    ]),
    featurePanel('processor_queue', 'ratio', 'Processor queue per core', 'Cola de procesador por núcleo'),
    featurePanel('memory', 'ratio', 'Memory used', 'Memoria usada', share),
    featurePanel('commit', 'ratio', 'Memory promised', 'Memoria comprometida', share),
    detailPanel('disk-busy', 'ratio', 'Disk busy', 'Disco ocupado', [
      { expr: `clamp_min(1 - rate(windows_logical_disk_idle_seconds_total{$selector,${volumes}}[$rate]), 0)`, legend: '{{volume}}' },
    ]),
    detailPanel(
      'disk-space',
      'ratio',
      'Volumes used',
      'Volúmenes usados',
      [
        {
          expr: `1 - windows_logical_disk_free_bytes{$selector,${volumes}} / (windows_logical_disk_size_bytes{$selector,${volumes}} > 0)`,
          legend: '{{volume}}',
        },
      ],
      share,
    ),
    detailPanel('disk-traffic', 'bytes_per_second', 'Disk reads and writes', 'Lecturas y escrituras de disco', [
      { expr: `rate(windows_logical_disk_read_bytes_total{$selector,${volumes}}[$rate])`, legend: '{{volume}} ↓' },
      { expr: `rate(windows_logical_disk_write_bytes_total{$selector,${volumes}}[$rate])`, legend: '{{volume}} ↑' },
    ]),
    featurePanel('network_receive', 'bytes_per_second', 'Network in', 'Red, entrada'),
    featurePanel('network_transmit', 'bytes_per_second', 'Network out', 'Red, salida'),
    featurePanel('network_errors', 'per_second', 'Network errors and drops', 'Errores y descartes de red'),
    featurePanel('context_switches', 'per_second', 'Context switches', 'Cambios de contexto'),
    featurePanel('processes', 'count', 'Processes', 'Procesos'),
    featurePanel('threads', 'count', 'Threads', 'Hilos'),
  ],
};
