import type { Dashboard } from './panel.ts';

const filesystems = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|fuse.*|rootfs"';
/** As df counts: what only root may use counts as neither used nor free. */
const usedBytes = `(node_filesystem_size_bytes{$selector,${filesystems}} - node_filesystem_free_bytes{$selector,${filesystems}})`;
const disks = 'device!~"(loop|ram|dm-|sr|fd).*"';
const networks = 'device!~"(lo|veth|docker|br-|virbr|cni|flannel|cali).*"';

/**
 * A Linux host through node_exporter. A panel that names a feature asks for the same figure as profiles/linux-host.yml,
 * so that the expected band fits its line.
 */
export const linuxHost: Dashboard = {
  slug: 'linux-host',
  profile: 'linux-host',
  title: { en: 'Linux host', es: 'Servidor Linux' },
  starts: { expr: 'node_boot_time_seconds{$selector}', legend: '' },
  versions: { expr: 'max by ($by, sysname, release) (node_uname_info{$selector})', legend: '{{sysname}}', version: 'release' },
  panels: [
    {
      id: 'cpu',
      title: { en: 'CPU busy', es: 'CPU ocupada' },
      unit: 'ratio',
      feature: 'cpu',
      queries: [{ expr: '1 - avg by (target) (rate(node_cpu_seconds_total{$selector,mode="idle"}[$rate]))', legend: 'CPU' }],
      min: 0,
      max: 1,
    },
    {
      id: 'cpu-modes',
      title: { en: 'CPU by mode', es: 'CPU por modo' },
      unit: 'ratio',
      queries: [{ expr: 'avg by (mode) (rate(node_cpu_seconds_total{$selector,mode!="idle"}[$rate])) > 0.001', legend: '{{mode}}' }],
      min: 0,
    },
    {
      id: 'load',
      title: { en: 'Load per core', es: 'Carga por núcleo' },
      unit: 'ratio',
      feature: 'load_per_core',
      queries: [
        {
          expr: 'max by (target) (node_load1{$selector}) / count by (target) (node_cpu_seconds_total{$selector,mode="idle"})',
          legend: 'load1',
        },
      ],
      min: 0,
    },
    {
      id: 'memory',
      title: { en: 'Memory used', es: 'Memoria usada' },
      unit: 'ratio',
      feature: 'memory',
      queries: [
        {
          expr: '1 - max by (target) (node_memory_MemAvailable_bytes{$selector}) / max by (target) (node_memory_MemTotal_bytes{$selector})',
          legend: 'RAM',
        },
      ],
      min: 0,
      max: 1,
    },
    {
      id: 'swap',
      title: { en: 'Swapping', es: 'Intercambio' },
      unit: 'per_second',
      feature: 'swap',
      queries: [
        {
          expr: 'max by (target) (rate(node_vmstat_pswpin{$selector}[$rate]) + rate(node_vmstat_pswpout{$selector}[$rate]))',
          legend: 'swap',
        },
      ],
      min: 0,
    },
    {
      id: 'disk-busy',
      title: { en: 'Disk busy', es: 'Disco ocupado' },
      unit: 'ratio',
      queries: [{ expr: `rate(node_disk_io_time_seconds_total{$selector,${disks}}[$rate])`, legend: '{{device}}' }],
      min: 0,
    },
    {
      id: 'disk-space',
      title: { en: 'File systems used', es: 'Sistemas de archivos usados' },
      unit: 'ratio',
      queries: [
        {
          expr: `${usedBytes} / (${usedBytes} + node_filesystem_avail_bytes{$selector,${filesystems}} > 0)`,
          legend: '{{mountpoint}}',
        },
      ],
      min: 0,
      max: 1,
    },
    {
      id: 'network-receive',
      title: { en: 'Network in', es: 'Red, entrada' },
      unit: 'bytes_per_second',
      feature: 'network_receive',
      queries: [{ expr: `sum by (target) (rate(node_network_receive_bytes_total{$selector,${networks}}[$rate]))`, legend: '↓' }],
      min: 0,
    },
    {
      id: 'network-transmit',
      title: { en: 'Network out', es: 'Red, salida' },
      unit: 'bytes_per_second',
      feature: 'network_transmit',
      queries: [{ expr: `sum by (target) (rate(node_network_transmit_bytes_total{$selector,${networks}}[$rate]))`, legend: '↑' }],
      min: 0,
    },
    {
      id: 'network-errors',
      title: { en: 'Network errors and drops', es: 'Errores y descartes de red' },
      unit: 'per_second',
      feature: 'network_errors',
      queries: [
        {
          expr: 'sum by (target) (rate(node_network_receive_errs_total{$selector}[$rate]) + rate(node_network_transmit_errs_total{$selector}[$rate]) + rate(node_network_receive_drop_total{$selector}[$rate]) + rate(node_network_transmit_drop_total{$selector}[$rate]))',
          legend: 'errors',
        },
      ],
      min: 0,
    },
    {
      id: 'context-switches',
      title: { en: 'Context switches', es: 'Cambios de contexto' },
      unit: 'per_second',
      feature: 'context_switches',
      queries: [{ expr: 'max by (target) (rate(node_context_switches_total{$selector}[$rate]))', legend: 'switches' }],
      min: 0,
    },
    {
      id: 'processes-blocked',
      title: { en: 'Processes blocked', es: 'Procesos bloqueados' },
      unit: 'count',
      feature: 'processes_blocked',
      queries: [{ expr: 'max by (target) (node_procs_blocked{$selector})', legend: 'blocked' }],
      min: 0,
    },
  ],
};
