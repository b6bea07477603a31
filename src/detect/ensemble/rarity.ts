/**
 * How rare a value is among all that a reading has been: 0 at the median, 1 at the furthest that was seen, and more beyond it, by
 * how many ranges it is outside. Inside it goes with the logarithm of the share of values further out. Ranks have no unit, so
 * readings of any shape can be compared.
 */
import { quantile } from '../quantile.ts';
import { bound } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import { ThinnedRings } from '../streaming/thinned-rings.ts';

const capacity = 1024;
const horizonMs = 28 * 86_400_000;
const settledValues = 24;
const refreshShare = 1 / 32;
/** Quantiles that are kept to either side: half, a quarter, an eighth, ... of the values of that side lie further out. */
const knots = 9;
/** Of these the one that about one value in a hundred exceeds. */
const coreKnot = 6;
const rangesCounted = 20;
/** The first move of what never moved, in ranges: no range can be told. */
const firstMove = 3;
/** Differences below this share of the value are rounding. */
const resolution = 1e-13;

export class Rarity {
  private readonly rings: ThinnedRings;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly least: Float64Array;
  private readonly most: Float64Array;
  private readonly unseen: Float64Array;

  /** @param readings how many are told apart */
  constructor(readings: number, stepMs: number) {
    this.rings = new ThinnedRings(readings, capacity, horizonMs / stepMs);
    this.low = new Float64Array(readings * knots);
    this.high = new Float64Array(readings * knots);
    this.least = new Float64Array(readings).fill(2 * bound);
    this.most = new Float64Array(readings).fill(-2 * bound);
    this.unseen = new Float64Array(readings);
  }

  settled(reading: number): boolean {
    return (this.rings.count[reading] as number) >= settledValues;
  }

  /** The median. */
  centre(reading: number): number {
    return this.high[reading * knots] as number;
  }

  /** Between which all but about one value in fifty lay. */
  core(reading: number): readonly [number, number] {
    return [this.low[reading * knots + coreKnot] as number, this.high[reading * knots + coreKnot] as number];
  }

  /** How rare a value is above the median; 0 below it, and while too little is known. */
  above(reading: number, value: number): number {
    return this.settled(reading) ? this.side(reading, value, this.high, this.most, 1) : 0;
  }

  /** How rare a value is below the median; 0 above it, and while too little is known. */
  below(reading: number, value: number): number {
    return this.settled(reading) ? this.side(reading, value, this.low, this.least, -1) : 0;
  }

  learn(reading: number, value: number): void {
    this.least[reading] = Math.min(value, this.least[reading] as number);
    this.most[reading] = Math.max(value, this.most[reading] as number);
    if (!this.rings.push(reading, value)) return;
    const unseen = (this.unseen[reading] as number) + 1;
    this.unseen[reading] = unseen;
    if (unseen < (this.rings.count[reading] as number) * refreshShare) return;
    this.unseen[reading] = 0;
    const sorted = this.rings.sorted(reading);
    for (let knot = 0; knot < knots; knot++) {
      const share = 0.5 ** (knot + 1);
      this.low[reading * knots + knot] = quantile(sorted, share);
      this.high[reading * knots + knot] = quantile(sorted, 1 - share);
    }
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.rings.fields(name),
      numbers(`${name} low`, this.low, -2 * bound, 2 * bound),
      numbers(`${name} high`, this.high, -2 * bound, 2 * bound),
      numbers(`${name} least`, this.least, -2 * bound, 2 * bound),
      numbers(`${name} most`, this.most, -2 * bound, 2 * bound),
      counts(`${name} unseen`, this.unseen, capacity),
    ];
  }

  private side(reading: number, value: number, ends: Float64Array, furthest: Float64Array, sign: number): number {
    const from = reading * knots;
    const end = furthest[reading] as number;
    const beyond = sign * (value - end);
    if (beyond > resolution * Math.abs(value)) {
      const [low, high] = this.core(reading);
      const range = (high - low + (this.most[reading] as number) - (this.least[reading] as number)) / 2;
      return 1 + (range > 0 ? Math.min(rangesCounted, beyond / range) : firstMove);
    }
    let passed = 0;
    while (passed < knots && sign * (value - (ends[from + passed] as number)) > 0) passed++;
    if (passed === 0) return 0;
    const before = ends[from + passed - 1] as number;
    const after = passed < knots ? (ends[from + passed] as number) : end;
    const share = after === before ? 0 : Math.max(0, Math.min(1, (value - before) / (after - before)));
    return (passed - 1 + share) / knots;
  }
}
