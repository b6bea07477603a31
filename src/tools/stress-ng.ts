import { absolutePath, goDuration, integer } from './grammar.ts';
import type { Tool } from './parts.ts';
import type { Command } from './run.ts';

/** Real load for tests and benches. Workers of each kind run side by side until the time is over. */
export interface StressOptions {
  readonly timeoutMs: number;
  readonly cpuWorkers?: number;
  /** Share of a core that each CPU worker takes, in percent. */
  readonly cpuLoad?: number;
  /** One worker that keeps this many bytes of memory busy. */
  readonly memoryBytes?: number;
  readonly diskWorkers?: number;
  /** Bytes that each disk worker writes and reads again. */
  readonly diskBytes?: number;
  /** Where temporary files go. */
  readonly workingDir: string;
}

/** stress-ng 0.15 and later. */
export function stressCommand(tool: Tool, options: StressOptions): Command {
  const workingDir = absolutePath(options.workingDir);
  const args = ['--timeout', goDuration(Math.ceil(options.timeoutMs / 1000) * 1000), '--temp-path', workingDir];
  if (options.cpuWorkers !== undefined) args.push('--cpu', integer(options.cpuWorkers, 1, 1024));
  if (options.cpuLoad !== undefined) args.push('--cpu-load', integer(options.cpuLoad, 1, 100));
  if (options.memoryBytes !== undefined) {
    args.push('--vm', '1', '--vm-bytes', integer(options.memoryBytes, 4096, 2 ** 46), '--vm-keep');
  }
  if (options.diskWorkers !== undefined) args.push('--hdd', integer(options.diskWorkers, 1, 1024));
  if (options.diskBytes !== undefined) args.push('--hdd-bytes', integer(options.diskBytes, 1_048_576, 2 ** 46));
  return { ...tool, args };
}
