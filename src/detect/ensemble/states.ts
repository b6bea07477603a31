/**
 * Whether the entity as a whole has been like this before: short averages of all features together against a few states that it
 * is usually in, found by sequential k-means (MacQueen, 1967); and the same of how much each feature swings. A combination that
 * never was shows for as long as it lasts, though each feature is where it often is.
 */
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';

/** Weight of the newest row in the short averages: about the last half hour of rows a minute apart. */
const newest = 1 / 15;
/** Standardised values count within so many deviations. */
const most = 8;
const states = 32;
/** Rows between the first states, so that they differ. */
const rowsApart = 30;
/** A state follows its newest row by at least this part, so that what is usual may change. */
const leastStep = 0.0005;
/** Of fewer values the averages of a feature are no averages yet. */
const settledValues = 60;
const largestCount = 2 ** 40;

const bounded = (value: number): number => Math.max(-most, Math.min(most, value));

/** Standard deviation; a hostile model may hold squares that no values have. */
const spreadOf = (mean: number, square: number): number => Math.sqrt(Math.max(0, square - mean ** 2));

/** States of one kind: points in as many dimensions as there are features. */
class Points {
  private readonly width: number;
  private readonly points: Float64Array;
  private readonly taken: Float64Array;

  constructor(width: number) {
    this.width = width;
    this.points = new Float64Array(states * width);
    this.taken = new Float64Array(states);
  }

  /** Distance to the nearest of the first `known` states, and which it is; infinite and -1 for none. What is `unheard` is where it should be. */
  nearest(at: Float64Array, unheard: Uint8Array, known: number): { readonly distance: number; readonly state: number } {
    const { width, points } = this;
    let least = Number.POSITIVE_INFINITY;
    let nearest = -1;
    for (let state = 0; state < known; state++) {
      let squares = 0;
      for (let i = 0, place = state * width; i < width && squares < least; i++, place++) {
        const by = unheard[i] === 1 ? 0 : (at[i] as number) - (points[place] as number);
        squares += by * by;
      }
      if (squares >= least) continue;
      least = squares;
      nearest = state;
    }
    return { distance: Math.sqrt(least), state: nearest };
  }

  /** Takes the place of the state that fewest rows were nearest to, among the first `known`. */
  replace(at: Float64Array, known: number): void {
    let rarest = 0;
    for (let state = 1; state < known; state++) if ((this.taken[state] as number) < (this.taken[rarest] as number)) rarest = state;
    this.add(rarest, at);
  }

  add(state: number, at: Float64Array): void {
    this.points.set(at, state * this.width);
    this.taken[state] = 1;
  }

  /** All states are alike in a feature. */
  level(index: number, at: number): void {
    for (let place = index; place < this.points.length; place += this.width) this.points[place] = at;
  }

  /** The state moves towards a row that is nearest to it, in all but what is `unheard`. */
  follow(state: number, at: Float64Array, unheard: Uint8Array): void {
    const taken = Math.min(largestCount, (this.taken[state] as number) + 1);
    const step = Math.max(leastStep, 1 / taken);
    this.taken[state] = taken;
    for (let i = 0, place = state * this.width; i < this.width; i++, place++)
      if (unheard[i] === 0)
        this.points[place] = (this.points[place] as number) + step * ((at[i] as number) - (this.points[place] as number));
  }

  fields(name: string): readonly Field[] {
    return [numbers(`${name} states`, this.points, -most, most), counts(`${name} taken`, this.taken, largestCount)];
  }
}

export class States {
  private readonly width: number;
  private readonly levels: Points;
  private readonly spreads: Points;
  private readonly means: Float64Array;
  private readonly squares: Float64Array;
  private readonly seen: Float64Array;
  private readonly rows = new Float64Array(1);
  // The row weighed last: what the averages become with it, how much each feature swings, and which are not heard.
  private readonly nextMeans: Float64Array;
  private readonly nextSquares: Float64Array;
  private readonly spread: Float64Array;
  private readonly unheard: Uint8Array;

  constructor(width: number) {
    this.width = width;
    this.levels = new Points(width);
    this.spreads = new Points(width);
    this.means = new Float64Array(width);
    this.squares = new Float64Array(width);
    this.nextMeans = new Float64Array(width);
    this.nextSquares = new Float64Array(width);
    this.spread = new Float64Array(width);
    this.unheard = new Uint8Array(width).fill(1);
    this.seen = new Float64Array(width);
  }

  /**
   * @param standardised values in deviations, NaN for a missing one, which counts as if it were where it should be
   * @returns distances to the nearest states; NaN while fewer than two are known, and where no feature is heard
   */
  weigh(standardised: Float64Array): { readonly level: number; readonly spread: number } {
    let settled = 0;
    for (let i = 0; i < this.width; i++) {
      const value = bounded(standardised[i] as number);
      const isMissing = Number.isNaN(value);
      const isSettled = (this.seen[i] as number) >= settledValues;
      this.unheard[i] = isMissing || !isSettled ? 1 : 0;
      if (isSettled) settled++;
      const [mean, square] = [this.means[i] as number, this.squares[i] as number];
      this.nextMeans[i] = isMissing ? mean : mean + newest * (value - mean);
      this.nextSquares[i] = isMissing ? square : square + newest * (value * value - square);
      this.spread[i] = spreadOf(this.nextMeans[i] as number, this.nextSquares[i] as number);
    }
    const known = this.known;
    if (known < 2 || !this.unheard.includes(0)) return { level: Number.NaN, spread: Number.NaN };
    // As if all were there: a feature that joins makes no distance by being one more.
    const whole = Math.sqrt(this.width / settled);
    return {
      level: whole * this.levels.nearest(this.nextMeans, this.unheard, known).distance,
      spread: whole * this.spreads.nearest(this.spread, this.unheard, known).distance,
    };
  }

  /** The averages go on with the row weighed last; only what is ordinary makes states. @param standardised as it was weighed */
  learn(standardised: Float64Array, isOrdinary: boolean): void {
    this.means.set(this.nextMeans);
    this.squares.set(this.nextSquares);
    for (let i = 0; i < this.width; i++) {
      if (Number.isNaN(standardised[i]) || this.seen[i] === settledValues) continue;
      this.seen[i] = (this.seen[i] as number) + 1;
      this.levels.level(i, this.nextMeans[i] as number);
      this.spreads.level(i, this.spread[i] as number);
    }
    if (!isOrdinary || !this.unheard.includes(0)) return;
    const known = this.known;
    const rows = Math.min(states * rowsApart, (this.rows[0] as number) + 1);
    this.rows[0] = rows;
    if (this.known > known) {
      this.levels.add(known, this.nextMeans);
      this.spreads.add(known, this.spread);
      return;
    }
    for (const [points, at] of [
      [this.levels, this.nextMeans],
      [this.spreads, this.spread],
    ] as const) {
      const { state } = points.nearest(at, this.unheard, known);
      if (state >= 0) points.follow(state, at, this.unheard);
    }
  }

  /** A new level of a feature is its new mean, from which deviations are counted. */
  acceptLevel(index: number): void {
    this.means[index] = 0;
    this.squares[index] = 0;
  }

  /** Takes what is now for one of the usual states. */
  accept(): void {
    const known = this.known;
    if (known === 0) return;
    for (let i = 0; i < this.width; i++) this.spread[i] = spreadOf(this.means[i] as number, this.squares[i] as number);
    this.levels.replace(this.means, known);
    this.spreads.replace(this.spread, known);
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.levels.fields(`${name} level`),
      ...this.spreads.fields(`${name} spread`),
      numbers(`${name} means`, this.means, -most, most),
      numbers(`${name} squares`, this.squares, 0, most ** 2),
      counts(`${name} seen`, this.seen, settledValues),
      counts(`${name} rows`, this.rows, states * rowsApart),
    ];
  }

  private get known(): number {
    return Math.floor((this.rows[0] as number) / rowsApart);
  }
}
