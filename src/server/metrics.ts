import { family } from './board.ts';
import type { WorkCounts } from './work.ts';

/** Vigía's own metrics: what it costs and what it did. Detection never reads them. */
export function metricsOf({ startedMs, work }: { startedMs: number; work: WorkCounts | undefined }): string {
  const cpu = process.cpuUsage();
  const plain = (name: string, type: 'gauge' | 'counter', help: string, value: number) =>
    family(name, type, help, [value], (each) => [{}, each]);
  return [
    plain('process_cpu_seconds_total', 'counter', 'CPU time of Vigía itself.', (cpu.user + cpu.system) / 1e6),
    plain('process_resident_memory_bytes', 'gauge', 'Memory of Vigía itself.', process.memoryUsage.rss()),
    plain('process_start_time_seconds', 'gauge', 'When Vigía started.', startedMs / 1000),
    ...(work === undefined
      ? []
      : [
          plain('vigia_ticks_total', 'counter', 'Ticks of the reader.', work.ticks),
          plain('vigia_tick_seconds_total', 'counter', 'Time spent in ticks of the reader.', work.tickSeconds),
          plain('vigia_tick_failures_total', 'counter', 'Ticks that the source did not answer.', work.failures),
          plain('vigia_steps_present_total', 'counter', 'Entity-steps with a real sample.', work.present),
          plain('vigia_steps_missing_total', 'counter', 'Entity-steps without one.', work.missing),
          plain('vigia_findings_total', 'counter', 'Steps at or above threshold.', work.findings),
        ]),
  ].join('');
}
