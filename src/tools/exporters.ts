import { absolutePath, loopbackAddress } from './grammar.ts';
import type { Tool } from './parts.ts';
import type { Command } from './run.ts';

export interface ExporterOptions {
  readonly configFile: string;
  readonly webConfigFile: string;
  /** Host and port, on loopback. */
  readonly listen: { readonly host: string; readonly port: number };
}

/** blackbox_exporter or snmp_exporter, whose flags are the same; of 0.21 and later. */
export function exporterCommand(tool: Tool, options: ExporterOptions): Command {
  return {
    ...tool,
    args: [
      `--config.file=${absolutePath(options.configFile)}`,
      `--web.config.file=${absolutePath(options.webConfigFile)}`,
      `--web.listen-address=${loopbackAddress(options.listen)}`,
      '--log.level=warn',
    ],
  };
}

/** Prints `snmp_exporter, version 0.21.0 (…)`. */
export function exporterVersionCommand(tool: Tool): Command {
  return { ...tool, args: ['--version'] };
}
