import { absolutePath, loopbackAddress, oneOf } from './grammar.ts';
import type { Tool } from './parts.ts';
import type { Command } from './run.ts';

/**
 * The collectors that the profile linux-host reads, and those that a person looking into an incident asks for next.
 * All others are off: each costs time in every scrape, and some need rights that an unprivileged child lacks.
 */
const collectors = [
  'cpu',
  'diskstats',
  'filefd',
  'filesystem',
  'loadavg',
  'meminfo',
  'netdev',
  'netstat',
  'os',
  'pressure',
  'sockstat',
  'stat',
  'time',
  'uname',
  'vmstat',
] as const;

export interface NodeExporterOptions {
  /** Host and port, on loopback. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly webConfigFile?: string;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** node_exporter for the machine it runs on, without metrics about itself; flags of 1.5 and later. */
export function nodeExporterCommand(tool: Tool, options: NodeExporterOptions): Command {
  const args = [
    `--web.listen-address=${loopbackAddress(options.listen)}`,
    '--web.disable-exporter-metrics',
    '--collector.disable-defaults',
    ...collectors.map((name) => `--collector.${name}`),
    `--log.level=${oneOf(['debug', 'info', 'warn', 'error'], options.logLevel ?? 'warn')}`,
    '--log.format=json',
  ];
  if (options.webConfigFile !== undefined) args.push(`--web.config.file=${absolutePath(options.webConfigFile)}`);
  return { ...tool, args };
}
