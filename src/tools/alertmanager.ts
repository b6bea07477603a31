import { absolutePath, goDuration, labelArgument, loopbackAddress, oneOf } from './grammar.ts';
import type { Tool } from './parts.ts';
import type { Command } from './run.ts';

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export interface AlertmanagerOptions {
  readonly configFile: string;
  readonly storagePath: string;
  /** Host and port, on loopback. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly webConfigFile?: string;
  /** Where people reach it; links in messages start with it. */
  readonly externalUrl?: string;
  readonly retentionMs: number;
  readonly logLevel?: (typeof logLevels)[number];
}

/**
 * One Alertmanager without a cluster; flags of 0.25 and later. It snapshots silences and its notification log every 2 s:
 * by default it keeps them in memory for 15 min and a kill loses them.
 */
export function alertmanagerCommand(tool: Tool, options: AlertmanagerOptions): Command {
  const args = [
    `--config.file=${absolutePath(options.configFile)}`,
    `--storage.path=${absolutePath(options.storagePath)}`,
    `--data.retention=${goDuration(options.retentionMs)}`,
    '--data.maintenance-interval=2s',
    `--web.listen-address=${loopbackAddress(options.listen)}`,
    '--cluster.listen-address=',
    `--log.level=${oneOf(logLevels, options.logLevel ?? 'info')}`,
    '--log.format=json',
  ];
  if (options.webConfigFile !== undefined) args.push(`--web.config.file=${absolutePath(options.webConfigFile)}`);
  if (options.externalUrl !== undefined) args.push(`--web.external-url=${new URL(options.externalUrl).href}`, '--web.route-prefix=/');
  return { ...tool, args };
}

/** `amtool check-config`. Exit code 0 or 1. */
export function checkConfigCommand(amtool: Tool, configFile: string): Command {
  return { ...amtool, args: ['check-config', '--', absolutePath(configFile)] };
}

/** `amtool config routes test`: prints the receivers, comma-separated, that an alert with these labels reaches. */
export function testRoutesCommand(amtool: Tool, configFile: string, labels: Readonly<Record<string, string>>): Command {
  const matchers = Object.entries(labels).map(([name, value]) => labelArgument(name, value));
  return { ...amtool, args: ['config', 'routes', 'test', `--config.file=${absolutePath(configFile)}`, '--', ...matchers] };
}
