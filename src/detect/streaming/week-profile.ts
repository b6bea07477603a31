/**
 * What each feature does in each half hour of each weekday: mean and mean deviation, learned row after row. What is asked for is
 * answered by the same weekday once two of it were seen, else by days of its kind (workdays, weekends), else by all days.
 */
import { bound } from '../scaler.ts';
import { numbers } from './fields.ts';
import type { Field } from './fields.ts';
import { slotMs, slotsPerDay } from './local-clock.ts';
import type { LocalSlot } from './local-clock.ts';

const weekdays = 7;
/** A cell remembers about so many visits; this part of one makes it known, and of two that weekday's own. */
const visitsKept = 4;
const visitsKnown = 0.5;
const visitsOwn = 1.5;
/** Mean absolute deviations of a normal distribution in one standard deviation. */
const deviationsInScale = 1.2533;

export interface SlotExpectation {
  readonly mean: number;
  /** Ordinary variation within the slot, as a standard deviation. */
  readonly scale: number;
  /** Whether it was learned on days of another kind only. */
  readonly borrowed: boolean;
}

const isWeekend = (weekday: number): boolean => weekday === 0 || weekday === 6;

export class WeekProfile {
  private readonly rowsPerVisit: number;
  private readonly rows: Float64Array;
  private readonly means: Float64Array;
  private readonly deviations: Float64Array;

  constructor(width: number, stepMs: number) {
    this.rowsPerVisit = Math.max(1, slotMs / stepMs);
    const cells = width * weekdays * slotsPerDay;
    this.rows = new Float64Array(cells);
    this.means = new Float64Array(cells);
    this.deviations = new Float64Array(cells);
  }

  /** What is expected of a feature in a slot; `null` while no day has shown it. */
  expect(index: number, { weekday, slot }: LocalSlot): SlotExpectation | null {
    return (
      this.pool(index, slot, visitsOwn, false, (day) => day === weekday) ??
      this.pool(index, slot, visitsKnown, false, (day) => isWeekend(day) === isWeekend(weekday)) ??
      this.pool(index, slot, visitsKnown, true, () => true)
    );
  }

  learn(index: number, { weekday, slot }: LocalSlot, value: number): void {
    const cell = this.cell(index, weekday, slot);
    const rows = Math.min((this.rows[cell] as number) + 1, visitsKept * this.rowsPerVisit);
    const deviation = value - (this.means[cell] as number);
    this.rows[cell] = rows;
    this.means[cell] = (this.means[cell] as number) + deviation / rows;
    // The first value is its own mean: it tells nothing about deviations.
    if (rows > 1)
      this.deviations[cell] = (this.deviations[cell] as number) + (Math.abs(deviation) - (this.deviations[cell] as number)) / rows;
  }

  /** Moves all of a feature's means. */
  shift(index: number, by: number): void {
    const from = this.cell(index, 0, 0);
    for (let cell = from; cell < from + weekdays * slotsPerDay; cell++) {
      this.means[cell] = Math.max(-bound, Math.min(bound, (this.means[cell] as number) + by));
    }
  }

  fields(): readonly Field[] {
    return [
      numbers('slot rows', this.rows, 0, visitsKept * this.rowsPerVisit),
      numbers('slot means', this.means, -bound, bound),
      numbers('slot deviations', this.deviations, 0, 4 * bound),
    ];
  }

  private pool(
    index: number,
    slot: number,
    visits: number,
    borrowed: boolean,
    takes: (weekday: number) => boolean,
  ): SlotExpectation | null {
    let rows = 0;
    let mean = 0;
    let deviation = 0;
    for (let weekday = 0; weekday < weekdays; weekday++) {
      if (!takes(weekday)) continue;
      const cell = this.cell(index, weekday, slot);
      const weight = this.rows[cell] as number;
      if (weight === 0) continue;
      rows += weight;
      mean += ((this.means[cell] as number) - mean) * (weight / rows);
      deviation += ((this.deviations[cell] as number) - deviation) * (weight / rows);
    }
    return rows < visits * this.rowsPerVisit ? null : { mean, scale: deviationsInScale * deviation, borrowed };
  }

  private cell(index: number, weekday: number, slot: number): number {
    return (index * weekdays + weekday) * slotsPerDay + slot;
  }
}
