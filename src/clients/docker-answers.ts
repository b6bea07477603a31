import { z } from 'zod';
import { checked, garbage } from './answer.ts';

/** The parts of Docker's answers that are used (Engine API 1.24 to 1.51); what else they hold, as environments do, is never kept. */

const count = z.number().nonnegative();
/** Go writes null for an empty map or list. */
const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {});

export const versionAnswer = z.object({
  Version: z.string().default(''),
  ApiVersion: z.string().regex(/^\d{1,3}\.\d{1,3}$/),
  MinAPIVersion: z
    .string()
    .regex(/^\d{1,3}\.\d{1,3}$/)
    .optional(),
});

export const infoAnswer = z.object({ NCPU: count, MemTotal: count });

export const listAnswer = z.array(z.object({ Id: z.string().regex(/^[0-9a-f]{12,64}$/) })).max(5_000);

export const inspectAnswer = z.object({
  Id: z.string(),
  Name: z.string(),
  RestartCount: count.default(0),
  State: z.object({
    Status: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']),
    OOMKilled: z.boolean().default(false),
    ExitCode: z.number().int(),
    StartedAt: z.string().default(''),
    FinishedAt: z.string().default(''),
    Health: z.object({ Status: z.enum(['none', 'starting', 'healthy', 'unhealthy']) }).nullish(),
  }),
  HostConfig: z.object({
    Memory: z.number().default(0),
    NanoCpus: z.number().nullish(),
    CpuQuota: z.number().nullish(),
    CpuPeriod: z.number().nullish(),
    RestartPolicy: z.object({ Name: z.string().default('') }).nullish(),
  }),
  Config: z.object({ Image: z.string().default(''), Labels: strings }),
});
export type Inspected = z.infer<typeof inspectAnswer>;

const network = z.object({
  rx_bytes: count,
  rx_packets: count.default(0),
  rx_errors: count.default(0),
  rx_dropped: count.default(0),
  tx_bytes: count,
  tx_packets: count.default(0),
  tx_errors: count.default(0),
  tx_dropped: count.default(0),
});
const blocks = z
  .array(z.object({ major: count, minor: count, op: z.string(), value: count }))
  .nullish()
  .transform((entries) => entries ?? []);

export const statsAnswer = z.object({
  /** Go's zero time where the container does not run. */
  read: z.string(),
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: count, usage_in_kernelmode: count.default(0), usage_in_usermode: count.default(0) }),
    throttling_data: z.object({ periods: count, throttled_periods: count, throttled_time: count }).optional(),
  }),
  memory_stats: z
    .object({
      usage: count.optional(),
      stats: z.record(z.string(), z.number()).nullish(),
    })
    .default({}),
  networks: z.record(z.string(), network).nullish(),
  blkio_stats: z.object({ io_service_bytes_recursive: blocks, io_serviced_recursive: blocks }).partial().default({}),
  pids_stats: z.object({ current: count.optional() }).default({}),
});
export type Stats = z.infer<typeof statsAnswer>;

const eventAnswer = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string() }),
  /** Beyond what a double holds exactly: good for telling events apart, and for their order. */
  timeNano: z.number(),
});
export interface EngineEvent {
  /** As `oom`, `die`, `kill`; details after a colon are cut off. */
  readonly action: string;
  readonly id: string;
  readonly timeNano: number;
}

/** One JSON object per line. @throws VigiaError far-garbage. */
export function eventsOf(what: string, body: Buffer): EngineEvent[] {
  const lines = body
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line) as unknown;
    } catch {
      throw garbage(what, 'an event that is no JSON');
    }
    const event = checked(what, eventAnswer, value);
    return { action: event.Action.split(':', 1)[0] as string, id: event.Actor.ID, timeNano: event.timeNano };
  });
}
