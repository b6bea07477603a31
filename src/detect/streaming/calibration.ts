/**
 * From a detector's raw figure to a score with the same meaning everywhere: 0 at the median of the past, 0.5 where one row
 * in a hundred of the past lay beyond, towards 1 further out. And a threshold for the share of rows that may alarm.
 *
 * The past is a histogram that forgets: each figure counts, half as much after a week; memory does not grow.
 */
import { cautious, greatestThreshold, leastThreshold } from '../threshold.ts';
import { counts, numbers } from './fields.ts';
import type { Field } from './fields.ts';

const bins = 512;
const binWidth = 0.1;
const halfLifeMs = 7 * 86_400_000;
const edgeQuantile = 0.99;
/** Figures are in scales: where all past rows were alike, a third of one is far. */
const leastSpan = 0.3;
/** Before so many figures there is no score. */
const leastFigures = 32;
const largestRefresh = 256;
const largestWeight = 2 ** 40;
/** What lies beyond the threshold counts as at most this much beyond, in spans: a threshold rises in steps. */
const spansBeyond = 0.25;
/** Each row of an alarm counts half as much as the one before, so an incident is not learned; after six hours they count in full. */
const acceptMs = 6 * 3_600_000;
/** So many rows are a burst, which belongs to what happens: what comes every hour becomes usual in the end. */
const burstRows = 2;
/** In the first day an incident is a large part of all that is known; later a week's memory holds against it. */
const youngMs = 86_400_000;

/** Whether a row of the first day belongs to an alarm that is not accepted yet, or is the row in which one is accepted. */
export type AlarmedRow = 'none' | 'on' | 'accepting';

/** The figure that scores 0, and how much more scores 0.5. */
export interface FigureScale {
  readonly middle: number;
  readonly span: number;
}

export class Calibration {
  private readonly histogram = new Float64Array(bins);
  /** Of the newest figure: growing, so that the older ones count less. */
  private readonly weight = Float64Array.of(1);
  private readonly middle = new Float64Array(1);
  private readonly span = Float64Array.of(leastSpan);
  private readonly learned = Float64Array.of(leastThreshold);
  /** Figures observed (at most a number that no longer matters), and those since the last refresh. */
  private readonly observed = new Float64Array(2);
  /** Rows of the alarm that is on. */
  private readonly alarmed = new Float64Array(1);
  private readonly growth: number;
  private readonly acceptRows: number;
  private readonly youngRows: number;
  private readonly contamination: number;
  private readonly scale: FigureScale | undefined;

  /** @param scale left out, it is learned */
  constructor(stepMs: number, contamination: number, scale?: FigureScale) {
    this.scale = scale;
    if (scale !== undefined) [this.middle[0], this.span[0]] = [scale.middle, scale.span];
    this.acceptRows = Math.max(leastFigures, acceptMs / stepMs);
    this.youngRows = youngMs / stepMs;
    this.growth = 2 ** (stepMs / halfLifeMs);
    this.contamination = contamination;
  }

  /** `null` until enough was observed. */
  get threshold(): number | null {
    return (this.observed[0] as number) < leastFigures ? null : (this.learned[0] as number);
  }

  /** Score of a figure >= 0, in [0, 1), or `null` until enough was observed. */
  score(figure: number): number | null {
    return (this.observed[0] as number) < leastFigures ? null : this.scoreOf(figure);
  }

  /**
   * @param cap the most that the row's score could be: a row that cannot matter teaches no higher threshold
   * @returns what the row is to an alarm that is longer than a burst, in the first day
   */
  observe(figure: number, cap: number): AlarmedRow {
    const [observed, since] = [(this.observed[0] as number) + 1, (this.observed[1] as number) + 1];
    const at = Math.min(bins - 1, Math.floor(this.bounded(figure, cap) / binWidth));
    const weight = (this.weight[0] as number) * this.growth;
    const alarm = observed > leastFigures && Math.min(this.scoreOf(figure), cap) >= (this.learned[0] as number);
    const alarmed = alarm ? (this.alarmed[0] as number) + 1 : Math.floor((this.alarmed[0] as number) / 2);
    this.alarmed[0] = Math.min(alarmed, largestWeight);
    this.histogram[at] = (this.histogram[at] as number) + weight * (alarmed < this.acceptRows ? 2 ** -Math.max(0, alarmed - 1) : 1);
    this.weight[0] = weight;
    if (weight > largestWeight) this.shrink();
    this.observed[0] = Math.min(observed, largestWeight);
    this.observed[1] = since;
    const isNew = alarmed > 0 && alarmed < this.acceptRows && observed < this.youngRows;
    // What an alarm of the first day taught counts once it is over: its begin does not hide the rest of it.
    if (observed >= leastFigures && since >= Math.min(largestRefresh, observed / 16) && !isNew) this.refresh();
    if (alarmed >= this.acceptRows) return alarmed - 1 < this.acceptRows ? 'accepting' : 'none';
    return isNew && alarmed > burstRows ? 'on' : 'none';
  }

  fields(): readonly Field[] {
    return [
      numbers('histogram', this.histogram, 0, 2 ** 60),
      numbers('weight', this.weight, 1, 2 * largestWeight),
      numbers('middle', this.middle, 0, bins * binWidth),
      numbers('span', this.span, leastSpan, bins * binWidth),
      numbers('threshold', this.learned, leastThreshold, greatestThreshold),
      counts('observed', this.observed, largestWeight),
      counts('alarmed', this.alarmed, largestWeight),
    ];
  }

  /** What a figure counts as in the past: an incident as little more than an alarm, a row capped at 0.5 as the edge. */
  private bounded(figure: number, cap: number): number {
    if ((this.observed[0] as number) < leastFigures) return figure;
    const middle = this.middle[0] as number;
    const span = this.span[0] as number;
    const threshold = this.learned[0] as number;
    const alarm = middle + span * (threshold / (1 - threshold) + spansBeyond);
    return Math.max(0, Math.min(figure, cap <= 0.5 ? middle + span : alarm));
  }

  private scoreOf(figure: number): number {
    const distance = Math.max(0, figure - (this.middle[0] as number)) / (this.span[0] as number);
    return distance / (1 + distance);
  }

  private refresh(): void {
    this.observed[1] = 0;
    const total = this.histogram.reduce((sum, weight) => sum + weight, 0);
    if (this.scale === undefined) {
      const middle = this.quantile(0.5 * total);
      this.middle[0] = middle;
      this.span[0] = Math.max(leastSpan, this.quantile(edgeQuantile * total) - middle);
    }
    const figures = total / (this.weight[0] as number);
    this.learned[0] = cautious(this.scoreOf(this.quantile((1 - this.contamination) * total)), figures);
  }

  /** Where the cumulated weight reaches `target`, linear inside of a bin. */
  private quantile(target: number): number {
    let before = 0;
    let last = 0;
    for (let at = 0; at < bins; at++) {
      const weight = this.histogram[at] as number;
      if (weight === 0) continue;
      if (before + weight >= target) return (at + (target - before) / weight) * binWidth;
      before += weight;
      last = at + 1;
    }
    return last * binWidth;
  }

  /** Halves of halves: division by a power of two loses nothing. */
  private shrink(): void {
    for (let at = 0; at < bins; at++) this.histogram[at] = (this.histogram[at] as number) / largestWeight;
    this.weight[0] = (this.weight[0] as number) / largestWeight;
  }
}
