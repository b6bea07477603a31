import type { InfluxClient } from '../../clients/influxdb.ts';
import type { PrometheusClient } from '../../clients/prometheus.ts';
import type { ArchiveConfig, ArchiveRule, ArchiveRuleState, ArchiveState } from '../../model/archive.ts';
import { reasonOf } from '../../model/errors.ts';
import type { ArchiveRow, ArchiveStore } from '../../store/contract.ts';
import type { Log } from '../log.ts';
import { isTooMuch, readPiece, stepOf } from './piece.ts';
import { placeOf } from './place.ts';

/**
 * Copies what the rules name from Prometheus into InfluxDB, in pieces of time. A rule's cursor moves after its piece was
 * written, so whatever dies in between, the piece is written again; and the same points again are the same points. While
 * InfluxDB or Prometheus is away the cursor waits: nothing is lost that Prometheus still holds.
 */
export interface Archive {
  /** Brings every rule further; @returns how long to pause. @throws the first failure, after every rule had its turn. */
  advance(): Promise<number>;
  state(): ArchiveState;
  /** Lets the piece in hand end, and begins no other. */
  stop(): void;
}

export interface ArchiveOptions {
  readonly config: ArchiveConfig;
  readonly influx: InfluxClient;
  readonly source: () => {
    readonly client: Pick<PrometheusClient, 'queryMatrix' | 'queryRange' | 'remoteRead' | 'nowMs'>;
    readonly watermarkMs: number;
  };
  readonly store: ArchiveStore;
  /** How often there is something new. */
  readonly scrapeIntervalMs: number;
  /** How far back Prometheus holds samples: where a new rule begins. */
  readonly horizonMs: number;
  readonly now: () => number;
  readonly log: Log;
}

/** A piece is as long as it takes to hold about so many points: more would hold up everything else for a while. */
const wantedPoints = 20_000;
const firstPieceMs = 300_000;
/** Of one piece: sparse series must not ask for a range without end. */
const longestPieceMs = 21_600_000;
/** Prometheus answers 11,000 steps at most. */
const mostSteps = 10_000;
/** More than the time between a clock put right and the next round. */
const afterWrongClockMs = 3_600_000;
/** How long one rule that is behind may work before the next has its turn. */
const turnMs = 10_000;

interface Progress {
  readonly rule: ArchiveRule;
  row: ArchiveRow | null;
  prepared: boolean;
  pieceMs: number;
  refusal: string;
  error: string;
}

export function createArchive(options: ArchiveOptions): Archive {
  const { config, influx, store, log } = options;
  const all: readonly Progress[] = config.rules.map((rule) => ({
    rule,
    row: null,
    prepared: false,
    pieceMs: Math.max(firstPieceMs, 60 * stepOf(rule)),
    refusal: '',
    error: '',
  }));

  const stopping = new AbortController();

  const load = async (progress: Progress): Promise<ArchiveRow | null> =>
    (await store.list()).find((row) => row.rule === progress.rule.name) ?? null;

  /** Where the rule's cursor is; of a new rule, as far back as Prometheus and the rule itself go. */
  async function cursorOf(progress: Progress, nowMs: number): Promise<ArchiveRow> {
    const { rule } = progress;
    progress.row ??= await load(progress);
    if (progress.row === null) {
      const toMs = floor(nowMs - Math.min(options.horizonMs, rule.keep ?? Number.POSITIVE_INFINITY), stepOf(rule));
      await store.advance({ rule: rule.name, fromMs: null, toMs, written: 0, refused: 0, notFinite: 0 });
      progress.row = await load(progress);
    }
    if (progress.row === null) throw new Error(`the cursor of ${rule.name} did not stay`);
    const { cursorMs } = progress.row;
    if (cursorMs > nowMs) {
      // A clock was wrong and is right again. What is written twice on the way back is the same.
      const toMs = floor(nowMs - afterWrongClockMs, stepOf(rule));
      log.warn({ rule: rule.name, cursorMs, toMs }, 'the cursor was ahead of the clock and goes back');
      if (await store.advance({ rule: rule.name, fromMs: cursorMs, toMs, written: 0, refused: 0, notFinite: 0 })) {
        progress.row = { ...progress.row, cursorMs: toMs };
      } else {
        progress.row = null;
        return cursorOf(progress, nowMs);
      }
    }
    return progress.row;
  }

  /** One piece; @returns whether the rule is still behind. */
  async function next(progress: Progress, nowMs: number): Promise<boolean> {
    const { rule } = progress;
    const { client, watermarkMs } = options.source();
    const stepMs = stepOf(rule);
    const untilMs = floor(nowMs - watermarkMs, stepMs);
    const row = await cursorOf(progress, nowMs);
    // What the rule would not keep any more is passed over.
    const fromMs = Math.max(row.cursorMs, floor(nowMs - (rule.keep ?? Number.POSITIVE_INFINITY), stepMs));
    if (untilMs <= fromMs) return false;
    // Less than from scrape to scrape would cost Prometheus as much for fewer samples.
    const shortestMs = Math.max(stepMs, floor(options.scrapeIntervalMs, stepMs));
    const pieceMs = Math.max(shortestMs, floor(Math.min(progress.pieceMs, mostSteps * stepMs), stepMs));
    const toMs = Math.min(untilMs, fromMs + pieceMs);
    const piece = await readPiece(client, rule, fromMs, toMs).catch((thrown: unknown) => {
      if (!isTooMuch(thrown) || toMs - fromMs <= shortestMs) throw thrown;
      progress.pieceMs = (toMs - fromMs) / 2;
      return null;
    });
    if (piece === null) return true;
    const place = placeOf(config, rule);
    if (!progress.prepared) await influx.prepare(place, rule.keep ?? null);
    progress.prepared = true;
    const { written, refused, reason } = await influx.write(place, piece.lines);
    if (refused > 0) {
      progress.refusal = reason;
      log.warn({ rule: rule.name, refused, reason }, 'InfluxDB refused points for good');
    }
    const counts = { written, refused, notFinite: piece.notFinite, infinite: piece.infinite, stale: piece.stale ?? 0 };
    const moved = await store.advance({ rule: rule.name, fromMs: row.cursorMs, toMs, ...counts });
    // Where it did not move another instance was faster: its cursor is taken over.
    progress.row = moved ? { ...row, cursorMs: toMs, ...sums(row, counts) } : null;
    const density = (piece.lines.length + piece.notFinite) / (toMs - fromMs);
    const longestMs = Math.min(Math.max(longestPieceMs, 100 * stepMs), 2 * progress.pieceMs);
    progress.pieceMs = Math.min(longestMs, wantedPoints / density);
    return toMs < untilMs;
  }

  async function turn(progress: Progress, nowMs: number): Promise<boolean> {
    const endMs = performance.now() + turnMs;
    try {
      let behind = true;
      while (behind && !stopping.signal.aborted && performance.now() < endMs) behind = await next(progress, nowMs);
      progress.error = '';
      return behind;
    } catch (thrown) {
      // It may be that somebody removed the database: it is looked after anew.
      progress.prepared = false;
      progress.error = reasonOf(thrown);
      throw thrown;
    }
  }

  return {
    async advance() {
      const failures: unknown[] = [];
      let behind = false;
      const nowMs = await options
        .source()
        .client.nowMs()
        .catch((thrown: unknown) => {
          for (const progress of all) progress.error = reasonOf(thrown);
          throw thrown;
        });
      for (const progress of all) {
        try {
          behind = (await turn(progress, nowMs)) || behind;
        } catch (thrown) {
          failures.push(thrown);
        }
      }
      if (failures.length > 0) throw failures[0];
      return behind ? 0 : options.scrapeIntervalMs;
    },
    state: () => ({ configured: true, url: originOf(config.url), rules: all.map((progress) => stateOf(progress, options.now())) }),
    stop() {
      stopping.abort();
    },
  };
}

function stateOf({ rule, row, error, refusal }: Progress, nowMs: number): ArchiveRuleState {
  return {
    name: rule.name,
    match: rule.match,
    every: rule.every,
    keepMs: rule.keep ?? null,
    beganMs: row?.beganMs ?? null,
    untilMs: row?.cursorMs ?? null,
    lagMs: row === null ? null : Math.max(0, nowMs - row.cursorMs),
    points: row?.written ?? 0,
    refused: row?.refused ?? 0,
    refusal,
    notFinite: row?.notFinite ?? 0,
    infinite: row?.infinite ?? 0,
    stale: rule.every === 'raw' ? (row?.stale ?? 0) : null,
    error,
  };
}

/** Two rows of counts, added up. */
const sums = (a: Counts, b: Counts): Counts => ({
  written: a.written + b.written,
  refused: a.refused + b.refused,
  notFinite: a.notFinite + b.notFinite,
  infinite: a.infinite + b.infinite,
  stale: a.stale + b.stale,
});
type Counts = Pick<ArchiveRow, 'written' | 'refused' | 'notFinite' | 'infinite' | 'stale'>;

const floor = (ms: number, stepMs: number): number => Math.floor(ms / stepMs) * stepMs;
/** Without what a URL may hold of secrets. */
const originOf = (url: string): string => URL.parse(url)?.origin ?? '';
