/**
 * An expert's figure against its own last days: how many deviations it is above its mean. So each expert speaks with the same
 * voice, and one that has been loud for days is heard less.
 */
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';

const memoryMs = 3 * 86_400_000;
const leastDeviation = 0.1;
/** A figure enters within so many deviations, so an incident is not learned at once. */
const deviationsLearned = 3;
const trustedRows = 50;
const largestFigure = 1e6;

export class Standard {
  private readonly memoryRows: number;
  private readonly moments = new Float64Array(2);
  private readonly rows = new Float64Array(1);

  constructor(stepMs: number) {
    this.memoryRows = Math.max(2 * trustedRows, Math.round(memoryMs / stepMs));
  }

  /** Deviations above the mean, 0 below it; NaN, which stands for no opinion, for NaN and while too little is known. */
  above(figure: number): number {
    if ((this.rows[0] as number) < trustedRows) return Number.NaN;
    return Math.max(0, figure - (this.moments[0] as number)) / this.deviation();
  }

  learn(figure: number): void {
    if (Number.isNaN(figure)) return;
    const rows = Math.min(this.memoryRows, (this.rows[0] as number) + 1);
    const [mean, variance] = [this.moments[0] as number, this.moments[1] as number];
    const reach = rows <= trustedRows ? largestFigure : deviationsLearned * this.deviation();
    const by = Math.max(-reach, Math.min(reach, figure - mean));
    this.moments[0] = mean + by / rows;
    this.moments[1] = (1 - 1 / rows) * (variance + (by * by) / rows);
    this.rows[0] = rows;
  }

  fields(name: string): readonly Field[] {
    return [numbers(`${name} moments`, this.moments, 0, largestFigure ** 2), counts(`${name} rows`, this.rows, this.memoryRows)];
  }

  private deviation(): number {
    return Math.max(leastDeviation, Math.sqrt(this.moments[1] as number));
  }
}
