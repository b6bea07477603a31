import { type Dashboard, detailPanel, featurePanel, share } from './panel.ts';

/** A web address through the blackbox exporter. */
export const httpEndpoint: Dashboard = {
  slug: 'http-endpoint',
  profile: 'http-endpoint',
  title: { en: 'Web address', es: 'Dirección web' },
  panels: [
    featurePanel('available', 'ratio', 'Answers as it should', 'Responde como debe', share),
    featurePanel('duration', 'seconds', 'Time to answer', 'Tiempo de respuesta'),
    detailPanel('phases', 'seconds', 'Time by phase', 'Tiempo por fase', [
      { expr: 'max by (phase) (probe_http_duration_seconds{$selector})', legend: '{{phase}}' },
    ]),
    detailPanel('status', 'count', 'Status', 'Estado', [{ expr: 'max by ($by) (probe_http_status_code{$selector})', legend: 'HTTP' }]),
    featurePanel('size', 'bytes', 'Size of the answer', 'Tamaño de la respuesta'),
    featurePanel('certificate_left', 'seconds', 'Certificate still valid for', 'Validez restante del certificado'),
  ],
};

/** An address that answers a ping, through the blackbox exporter. */
export const ping: Dashboard = {
  slug: 'ping',
  profile: 'ping',
  title: { en: 'Ping', es: 'Ping' },
  panels: [
    featurePanel('available', 'ratio', 'Answers', 'Responde', share),
    featurePanel('round_trip', 'seconds', 'Round trip', 'Ida y vuelta'),
    featurePanel('resolving', 'seconds', 'Time to resolve its name', 'Tiempo en resolver su nombre'),
    featurePanel('hops_left', 'count', 'Hops left (TTL)', 'Saltos restantes (TTL)'),
  ],
};

/** A PostgreSQL server through postgres_exporter. */
export const postgres: Dashboard = {
  slug: 'postgres',
  profile: 'postgres',
  title: { en: 'PostgreSQL', es: 'PostgreSQL' },
  starts: { expr: 'pg_postmaster_start_time_seconds{$selector}', legend: '' },
  versions: { expr: 'max by ($by, short_version) (pg_static{$selector})', legend: 'PostgreSQL', version: 'short_version' },
  panels: [
    featurePanel('available', 'ratio', 'Answers', 'Responde', share),
    featurePanel('connections', 'ratio', 'Connections of the maximum', 'Conexiones del máximo', share),
    detailPanel('states', 'count', 'Connections by state', 'Conexiones por estado', [
      { expr: 'sum by (state) (pg_stat_activity_count{$selector}) > 0', legend: '{{state}}' },
    ]),
    featurePanel('longest_transaction', 'seconds', 'Longest transaction', 'Transacción más larga'),
    featurePanel('commits', 'per_second', 'Commits', 'Confirmaciones'),
    featurePanel('rollbacks', 'per_second', 'Rollbacks', 'Reversiones'),
    featurePanel('rows_written', 'per_second', 'Rows written', 'Filas escritas'),
    featurePanel('cache_misses', 'per_second', 'Blocks read from disk', 'Bloques leídos del disco'),
    featurePanel('deadlocks', 'per_second', 'Deadlocks', 'Interbloqueos'),
    featurePanel('temporary_files', 'bytes_per_second', 'Temporary files', 'Archivos temporales'),
    detailPanel('size', 'bytes', 'Size by database', 'Tamaño por base de datos', [
      { expr: 'max by (datname) (pg_database_size_bytes{$selector})', legend: '{{datname}}' },
    ]),
  ],
};

/** A Redis server through redis_exporter. */
export const redis: Dashboard = {
  slug: 'redis',
  profile: 'redis',
  title: { en: 'Redis', es: 'Redis' },
  starts: { expr: 'redis_start_time_seconds{$selector}', legend: '' },
  versions: { expr: 'max by ($by, redis_version) (redis_instance_info{$selector})', legend: 'Redis', version: 'redis_version' },
  panels: [
    featurePanel('available', 'ratio', 'Answers', 'Responde', share),
    featurePanel('clients', 'count', 'Clients', 'Clientes'),
    featurePanel('blocked_clients', 'count', 'Clients blocked', 'Clientes bloqueados'),
    featurePanel('commands', 'per_second', 'Commands', 'Órdenes'),
    featurePanel('command_seconds', 'seconds', 'Time per command', 'Tiempo por orden'),
    featurePanel('memory', 'bytes', 'Memory used', 'Memoria usada'),
    featurePanel('memory_of_limit', 'ratio', 'Memory of its limit', 'Memoria de su límite', share),
    detailPanel('lookups', 'per_second', 'Keys found and not', 'Claves encontradas y no', [
      { expr: 'sum by ($by) (rate(redis_keyspace_hits_total{$selector}[$rate]))', legend: 'hits' },
      { expr: 'sum by ($by) (rate(redis_keyspace_misses_total{$selector}[$rate]))', legend: 'misses' },
    ]),
    featurePanel('evictions', 'per_second', 'Keys thrown out', 'Claves expulsadas'),
    featurePanel('rejected', 'per_second', 'Connections refused', 'Conexiones rechazadas'),
    featurePanel('network_receive', 'bytes_per_second', 'Network in', 'Red, entrada'),
    featurePanel('network_transmit', 'bytes_per_second', 'Network out', 'Red, salida'),
  ],
};

/** An nginx server through nginx-prometheus-exporter. */
export const nginx: Dashboard = {
  slug: 'nginx',
  profile: 'nginx',
  title: { en: 'nginx', es: 'nginx' },
  panels: [
    featurePanel('available', 'ratio', 'Answers', 'Responde', share),
    featurePanel('requests', 'per_second', 'Requests', 'Peticiones'),
    featurePanel('connections', 'count', 'Connections open', 'Conexiones abiertas'),
    detailPanel('states', 'count', 'Connections by state', 'Conexiones por estado', [
      { expr: 'max by ($by) (nginx_connections_reading{$selector})', legend: 'reading' },
      { expr: 'max by ($by) (nginx_connections_writing{$selector})', legend: 'writing' },
      { expr: 'max by ($by) (nginx_connections_waiting{$selector})', legend: 'waiting' },
    ]),
    featurePanel('dropped', 'per_second', 'Connections dropped', 'Conexiones descartadas'),
  ],
};
