import { absolutePath, goDuration, loopbackAddress, oneOf } from './grammar.ts';
import type { Tool } from './parts.ts';
import type { Command } from './run.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export interface PrometheusOptions {
  readonly configFile: string;
  readonly storagePath: string;
  /** Host and port, on loopback. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Web configuration with the credentials that callers need. */
  readonly webConfigFile?: string;
  readonly retentionTimeMs: number;
  /** Such as `10GB`. */
  readonly retentionSize?: string;
  /** How far back a query looks for the last sample: 2 × the scrape interval, so that holes stay holes. */
  readonly lookbackDeltaMs: number;
  /** Reload by `POST /-/reload`, with the credentials of the web configuration. */
  readonly lifecycle?: boolean;
  readonly logLevel?: (typeof logLevels)[number];
}

/** Prometheus as a server; flags of 2.42 and later. */
export function prometheusCommand(tool: Tool, options: PrometheusOptions): Command {
  const args = [
    `--config.file=${absolutePath(options.configFile)}`,
    `--storage.tsdb.path=${absolutePath(options.storagePath)}`,
    `--storage.tsdb.retention.time=${goDuration(options.retentionTimeMs)}`,
    `--web.listen-address=${loopbackAddress(options.listen)}`,
    `--query.lookback-delta=${goDuration(options.lookbackDeltaMs)}`,
    `--log.level=${oneOf(logLevels, options.logLevel ?? 'info')}`,
    '--log.format=json',
  ];
  if (options.retentionSize !== undefined) args.push(`--storage.tsdb.retention.size=${byteSize(options.retentionSize)}`);
  if (options.webConfigFile !== undefined) args.push(`--web.config.file=${absolutePath(options.webConfigFile)}`);
  if (options.lifecycle === true) args.push('--web.enable-lifecycle');
  return { ...tool, args };
}

/** `promtool check config`: also checks the rule files that the configuration names. Exit code 0 or 1. */
export function checkConfigCommand(promtool: Tool, configFile: string): Command {
  return { ...promtool, args: ['check', 'config', '--', absolutePath(configFile)] };
}

/** `promtool check rules`. Exit code 0 or 1. */
export function checkRulesCommand(promtool: Tool, ruleFiles: readonly string[]): Command {
  return { ...promtool, args: ['check', 'rules', '--', ...ruleFiles.map(absolutePath)] };
}

function byteSize(text: string): string {
  const [, digits, unit] = /^(\d{1,9})(B|KB|MB|GB|TB|PB)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) throw new RangeError(`"${text}" is not a size like 10GB`);
  return `${Number(digits)}${unit}`;
}
