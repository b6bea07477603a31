/**
 * What moved: a series before and after a moment, compared without units, so that bytes, seconds and counts rank together.
 *
 * Medians and quantiles throughout: a few wild samples on either side change nothing. A shift counts by how far it lies from
 * the level before and from that level's trend, whichever is nearer: what only went on growing as it did has not moved.
 */
import { quantile } from './quantile.ts';
import { bounded } from './scaler.ts';

export type MoveKind = 'up' | 'down' | 'wider' | 'narrower' | 'appeared' | 'vanished';

/** Steps [0, before) are before, [after, length) are after; in between the change is looked for, but nothing is measured. */
export interface Cut {
  readonly before: number;
  readonly after: number;
}

export interface Move {
  readonly kind: MoveKind;
  /** How far, in scales of what was usual before; between `leastMove` and `largestMove`. */
  readonly size: number;
  /** Medians; NaN on the side that has no sample. */
  readonly before: number;
  readonly after: number;
  /** The first step of the new behaviour. */
  readonly since: number;
}

/** Below this a series has not moved: three scales are what noise and a slow wave reach by themselves. */
export const leastMove = 3;
/** A level that went from 0 to something is this far at most. */
export const largestMove = 200;

/** A scale is never below this share of the larger level: a change of one per cent is small, however still the series was. */
const leastScale = 0.01;
const fewestBefore = 8;
const fewestAfter = 3;
/** Fewer say nothing about a spread. */
const fewestOfSpread = 8;
/** Widths of a normal distribution in deviations: between the quartiles, between 5 % and 95 %. */
const quartileWidth = 1.349;
const tailWidth = 3.29;
/** Half of a normal distribution's values lie within this many deviations. */
const typicalDeviation = 0.6745;
/** A spread that fell to a tenth counts as a tenth, even when nothing is left of it: whole numbers stand still by chance. */
const mostNarrowing = 10;
/** What comes and goes ranks below a level that left all it knew, and what comes below what goes: labels come all the time. */
const vanishedMove = 20;
const appearedMove = 10;
/** Share of the steps since its first at which a series must have been there for its end to mean something. */
const usualPresence = 0.8;

/**
 * Compares one series; values on equidistant steps, NaN (or infinite) for "no sample".
 * @returns null where it has not moved, or where there is too little to tell
 */
export function moveOf(values: Float64Array, cut: Cut): Move | null {
  const before = sortedOf(values, 0, cut.before);
  const after = sortedOf(values, cut.after, values.length);
  const level = quantile(before, 0.5);
  const now = quantile(after, 0.5);
  const levels = { before: level, after: now };
  if (hasVanished(values, cut, before.length)) {
    const since = lastSample(values) + 1;
    return { before: level, after: Number.NaN, kind: 'vanished', size: vanishedMove * sureness(before.length), since };
  }
  if (after.length < fewestAfter) return null;
  if (before.length === 0) {
    const size = appearedMove * sureness(after.length);
    return size < leastMove ? null : { ...levels, kind: 'appeared', size, since: values.findIndex(Number.isFinite) };
  }
  if (before.length < fewestBefore) return null;

  const least = leastScale * Math.max(Math.abs(level), Math.abs(now));
  const scale = Math.max(least, spreadOf(before));
  const sure = sureness(Math.min(before.length, after.length));
  const shift = inScales(now - level, scale);
  const inner = innerSpread(after);
  // A median that lies within the scatter around it may have come there by chance.
  const isShift = Math.abs(now - level) > inner;
  const near = isShift ? Math.min(Math.abs(shift), beyondTrend(values, cut, now, Math.sign(shift))) : 0;
  const size = sure * consistency(after, level, now) * near;
  if (size >= leastMove) {
    const middle = level / 2 + now / 2;
    const isNew = (value: number) => (shift > 0 ? value > middle : value < middle);
    return { ...levels, kind: shift > 0 ? 'up' : 'down', size, since: firstLasting(values, cut, isNew) };
  }
  if ((isShift && Math.abs(shift) >= leastMove) || after.length < fewestOfSpread) return null;
  return spreadMove(values, cut, { levels, scale, least, shift, inner, sure });
}

/** Those that moved, the furthest first; among equals the one that moved first, then the one given first. */
export function rankMoves(series: readonly Float64Array[], cut: Cut): { readonly index: number; readonly move: Move }[] {
  return series
    .flatMap((values, index) => {
      const move = moveOf(values, cut);
      return move === null ? [] : [{ index, move }];
    })
    .sort((a, b) => b.move.size - a.move.size || a.move.since - b.move.since || a.index - b.index);
}

/** The two sides of a series, measured. */
interface Sides {
  readonly levels: { readonly before: number; readonly after: number };
  /** Scatter before, its tails included, and the least scale that counts. */
  readonly scale: number;
  readonly least: number;
  /** Distance of the levels, in scales. */
  readonly shift: number;
  /** Scatter after, without tails. */
  readonly inner: number;
  readonly sure: number;
}

/** Wider or narrower around a level that stayed; a tail before that was as wide, or a stretch as calm, makes it nothing new. */
function spreadMove(values: Float64Array, cut: Cut, { levels, scale, least, shift, inner, sure }: Sides): Move | null {
  const wider = sure * typicalDeviation * inScales(inner, scale);
  if (wider >= leastMove) {
    const isNew = (value: number) => Math.abs(value - levels.before) > leastMove * scale;
    return { ...levels, kind: 'wider', size: wider, since: firstLasting(values, cut, isNew) };
  }
  if (Math.abs(shift) >= 1 || inScales(calmest(values, cut), Math.max(least, inner)) < mostNarrowing) return null;
  const narrower = sure * typicalDeviation * mostNarrowing;
  return narrower < leastMove ? null : { ...levels, kind: 'narrower', size: narrower, since: cut.after };
}

/** The scatter of the calmest stretch before that was as long as the time after; stretches overlap by half. */
function calmest(values: Float64Array, cut: Cut): number {
  const length = values.length - cut.after;
  let least = Number.POSITIVE_INFINITY;
  for (let end = cut.before; end - length >= 0; end -= Math.ceil(length / 2)) {
    const stretch = sortedOf(values, end - length, end);
    if (stretch.length >= fewestOfSpread) least = Math.min(least, innerSpread(stretch));
  }
  return Number.isFinite(least) ? least : 0;
}

/** A comparison over few samples is worth less: 3 of them 0.6, 8 of them 0.8, 40 of them 0.95. */
const sureness = (samples: number): number => samples / (samples + 2);

const inScales = (distance: number, scale: number): number => {
  if (distance === 0) return 0;
  return Math.sign(distance) * Math.min(largestMove, scale === 0 ? largestMove : Math.abs(distance) / scale);
};

/** The finite values of some steps, ascending. */
function sortedOf(values: Float64Array, from: number, to: number): Float64Array {
  const found = new Float64Array(Math.max(0, to - from));
  let count = 0;
  for (let step = from; step < to; step++) {
    const value = bounded(values[step] as number);
    if (!Number.isNaN(value)) found[count++] = value;
  }
  return found.subarray(0, count).sort();
}

const innerSpread = (sorted: Float64Array): number => (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quartileWidth;

/** In deviations of a normal distribution; bursts that fill a tenth of the time belong to it, rarer ones do not. */
const spreadOf = (sorted: Float64Array): number =>
  Math.max(innerSpread(sorted), (quantile(sorted, 0.95) - quantile(sorted, 0.05)) / tailWidth);

/** Share of the values after that lie nearer to the new level than to the old one, or beyond it. */
function consistency(after: Float64Array, level: number, now: number): number {
  const middle = level / 2 + now / 2;
  let count = 0;
  for (const value of after) if (now > level ? value > middle : value < middle) count++;
  return count / after.length;
}

/**
 * How far the new level lies from where the trend before leads, in scales of the scatter about that trend, and 0 when it lies
 * on the other side of it. The trend is Tukey's resistant line through the medians of the outer thirds (Exploratory Data Analysis, 1977).
 */
function beyondTrend(values: Float64Array, cut: Cut, now: number, side: number): number {
  const third = Math.floor(cut.before / 3);
  const first = quantile(sortedOf(values, 0, third), 0.5);
  const last = quantile(sortedOf(values, cut.before - third, cut.before), 0.5);
  // A series younger than that has no trend.
  if (Number.isNaN(first) || Number.isNaN(last)) return largestMove;
  const slope = (last - first) / Math.max(1, cut.before - third);
  const rest = Float64Array.from(values.subarray(0, cut.before), (value, step) => bounded(value) - slope * step);
  const sorted = sortedOf(rest, 0, rest.length);
  const led = quantile(sorted, 0.5) + slope * ((cut.after + values.length - 1) / 2);
  const scale = Math.max(leastScale * Math.max(Math.abs(led), Math.abs(now)), spreadOf(sorted));
  return Math.max(0, side * inScales(now - led, scale));
}

function hasVanished(values: Float64Array, cut: Cut, before: number): boolean {
  const first = values.findIndex(Number.isFinite);
  if (before < fewestBefore || before < usualPresence * (cut.before - first)) return false;
  const silent = Math.max(fewestAfter, Math.ceil((values.length - cut.after) / 2));
  return values.length - 1 - lastSample(values) >= silent;
}

function lastSample(values: Float64Array): number {
  return values.findLastIndex(Number.isFinite);
}

/** The first step from which most of three are new; back from there over what was new before the change was looked for. */
function firstLasting(values: Float64Array, cut: Cut, isNew: (value: number) => boolean): number {
  const newAt = (step: number) => step < values.length && isNew(values[step] as number);
  for (let step = cut.before; step < values.length; step++) {
    if (!newAt(step) || (!newAt(step + 1) && !newAt(step + 2) && step + 2 < values.length)) continue;
    let since = step;
    while (since > 0 && newAt(since - 1)) since--;
    return since;
  }
  return cut.after;
}

/** Share of the steps before at which what nobody calls a counter must rise to be one. */
const risingShare = 0.5;
/** Share of the steps at which a counter may fall: restarts. */
const resetShare = 0.05;

/**
 * Whether a series counts. A name that says so is believed unless the values fall too often for restarts; without such a
 * name the values must never fall and mostly rise, as those of untyped counters and of clocks do.
 */
export function isCounter(values: Float64Array, named: boolean): boolean {
  let steps = 0;
  let rises = 0;
  let falls = 0;
  for (let step = 1; step < values.length; step++) {
    const change = (values[step] as number) - (values[step - 1] as number);
    if (Number.isNaN(change)) continue;
    steps++;
    if (change > 0) rises++;
    else if (change < 0) falls++;
  }
  return named ? falls <= Math.max(1, resetShare * steps) : falls === 0 && rises > risingShare * steps;
}

/** Change per second of a counter, in its place; NaN for the first step and after a hole. After a reset it counted from 0. */
export function ratesOf(values: Float64Array, stepMs: number): Float64Array {
  return values.map((value, step) => {
    const last = step === 0 ? Number.NaN : (values[step - 1] as number);
    if (Number.isNaN(last)) return Number.NaN;
    return ((value < last ? value : value - last) * 1000) / stepMs;
  });
}
