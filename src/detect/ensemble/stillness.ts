/**
 * Whether the row hangs: it is the same in every feature, for much longer than ever before, as that of an exporter that hangs is.
 * A feature alone may rest; all of them together do not.
 */
import { bound } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import type { Tick } from '../streaming/streaming-detector.ts';

/** So many times the longest rest is a hang, and at least so many rows. */
const timesLongest = 3;
const leastRows = 10;
/** So many features must usually change with each row: one or two may rest for a night. */
const leastChanging = 3;
/** Rows before rests say anything. */
const settledRows = 60;
/** The longest rest is forgotten by half in this time. */
const halfLifeMs = 7 * 86_400_000;
const acceptMs = 6 * 3_600_000;
const largestRun = 2 ** 40;

export class Stillness {
  private readonly last: Float64Array;
  /** Rows seen, rows that are the same by now, and the most that ever were. */
  private readonly seen = new Float64Array(1);
  private readonly run = new Float64Array(1);
  private readonly longest = new Float64Array(1);
  /** Features that change with a row, on average. */
  private readonly changing = new Float64Array(1);
  /** How long the row has hung, in ms. */
  private readonly hung = new Float64Array(1);
  private readonly keptPerRow: number;

  constructor(width: number, stepMs: number) {
    this.last = new Float64Array(width);
    this.keptPerRow = 0.5 ** (stepMs / halfLifeMs);
  }

  /** Logarithm of how many times longer than ever the row has been the same; 0 while it does not hang. Changes no state. */
  weigh(row: Float64Array): number {
    const ordinary = (this.longest[0] as number) + 1;
    const run = this.runWith(row);
    const known = (this.seen[0] as number) >= settledRows && (this.changing[0] as number) >= leastChanging;
    return known && run >= Math.max(leastRows, timesLongest * ordinary) ? Math.log(run / ordinary) : 0;
  }

  /** A rest counts once it is over; a hang is none, unless it lasts for six hours. */
  learn(row: Float64Array, { elapsedMs }: Tick): void {
    const hung = this.weigh(row) > 0 ? Math.min(acceptMs, (this.hung[0] as number) + elapsedMs) : 0;
    const run = this.runWith(row);
    const over = hung >= acceptMs ? run : run === 0 && this.hung[0] === 0 ? (this.run[0] as number) : 0;
    this.longest[0] = Math.max((this.longest[0] as number) * this.keptPerRow, over);
    this.hung[0] = hung;
    this.run[0] = run;
    const newest = Math.max(1 - this.keptPerRow, 1 / ((this.seen[0] as number) + 1));
    const changes = this.seen[0] === 0 || hung > 0 ? (this.changing[0] as number) : this.changesTo(row);
    this.changing[0] = (1 - newest) * (this.changing[0] as number) + newest * changes;
    this.last.set(row);
    for (const [index, value] of row.entries()) if (Number.isNaN(value)) this.last[index] = missing;
    this.seen[0] = Math.min(largestRun, (this.seen[0] as number) + 1);
  }

  fields(name: string): readonly Field[] {
    return [
      numbers(`${name} last`, this.last, missing, bound),
      counts(`${name} seen`, this.seen, largestRun),
      counts(`${name} run`, this.run, largestRun),
      numbers(`${name} changing`, this.changing, 0, this.last.length),
      numbers(`${name} longest`, this.longest, 0, largestRun),
      numbers(`${name} hung`, this.hung, 0, acceptMs),
    ];
  }

  private runWith(row: Float64Array): number {
    return this.seen[0] === 0 || this.changesTo(row) > 0 ? 0 : Math.min(largestRun, (this.run[0] as number) + 1);
  }

  private changesTo(row: Float64Array): number {
    let changes = 0;
    for (const [index, value] of row.entries()) if ((Number.isNaN(value) ? missing : value) !== this.last[index]) changes++;
    return changes;
  }
}

/** Stands for a missing value: below all that are. */
const missing = -2 * bound;
