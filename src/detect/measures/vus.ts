/**
 * Volume under the ROC and the precision-recall surface (Paparrizos et al., "Volume Under the Surface", PVLDB 15(11), 2022),
 * with 250 thresholds as TSB-AD has them. Each event's borders are widened by a ramp of 0 ... `window` rows and the areas are
 * averaged over the widths, so that being a little early or late costs little, and no threshold needs to be chosen.
 */
import { runsOf } from './events.ts';
import type { Run } from './events.ts';

export interface VolumeUnderSurface {
  readonly roc: number;
  readonly pr: number;
}

const thresholds = 250;

/**
 * Volumes for ramps of up to `window` rows; NaN without an anomalous row.
 * @throws RangeError for a score that is NaN, a window that is no whole number, or lengths that differ.
 */
export function volumeUnderSurface(scores: Float64Array, labels: Uint8Array, window: number): VolumeUnderSurface {
  if (scores.length !== labels.length) throw new RangeError(`There are ${scores.length} scores and ${labels.length} labels.`);
  if (!Number.isInteger(window) || window < 0) throw new RangeError(`The window is ${window}, no whole number of rows.`);
  if (scores.some((score) => Number.isNaN(score))) throw new RangeError('Scores must be numbers: fill the rows without one first.');
  const events = runsOf(labels);
  if (events.length === 0) return { roc: Number.NaN, pr: Number.NaN };

  const rank = ranks(scores);
  const flagged = new Float64Array(thresholds);
  const inEvents = new Float64Array(thresholds);
  let positives = 0;
  for (let row = 0; row < rank.length; row++) {
    const at = rank[row] as number;
    if (at < thresholds) flagged[at] = (flagged[at] as number) + 1;
    if (labels[row] === 0) continue;
    positives++;
    if (at < thresholds) inEvents[at] = (inEvents[at] as number) + 1;
  }
  accumulate(flagged);
  accumulate(inEvents);

  // Only rows beside events change with the width, so a width costs no pass over all rows.
  const ramp = new Float64Array(rank.length);
  const inRamps = new Float64Array(thresholds);
  const reached = new Float64Array(thresholds);
  let roc = 0;
  let pr = 0;
  for (let width = 0; width <= window; width++) {
    inRamps.fill(0);
    if (width > 0)
      weighRamps(ramp, events, labels, width, (row, weight) => {
        const at = rank[row] as number;
        if (at < thresholds) inRamps[at] = (inRamps[at] as number) + weight;
      });
    accumulate(inRamps);
    reached.fill(0);
    const widened = widenedEvents(events, width >> 1, rank.length);
    for (const [first, last] of widened) {
      let least = thresholds;
      for (let row = first; row <= last; row++) least = Math.min(least, rank[row] as number);
      if (least < thresholds) reached[least] = (reached[least] as number) + 1;
    }
    accumulate(reached);
    const areas = areasUnder(flagged, inEvents, inRamps, reached, { positives, rows: rank.length, events: widened.length });
    roc += areas.roc;
    pr += areas.pr;
  }
  return { roc: roc / (window + 1), pr: pr / (window + 1) };
}

/** For each row the number of the first threshold that it reaches; thresholds are scores at even places, descending. */
function ranks(scores: Float64Array): Uint16Array {
  const descending = Float64Array.from(scores).sort().toReversed();
  const step = (scores.length - 1) / (thresholds - 1);
  const chosen = Float64Array.from({ length: thresholds }, (_, at) => {
    const place = at === thresholds - 1 ? scores.length - 1 : Math.floor(at * step);
    return descending[place] as number;
  });
  return Uint16Array.from(scores, (score) => {
    let low = 0;
    let high = thresholds;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((chosen[middle] as number) <= score) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

function accumulate(counts: Float64Array): void {
  for (let at = 1; at < counts.length; at++) counts[at] = (counts[at] as number) + (counts[at - 1] as number);
}

/** Hands every row beside an event to `add` with its weight in (0, 1]; `ramp` is all zero before and after. */
function weighRamps(
  ramp: Float64Array,
  events: readonly Run[],
  labels: Uint8Array,
  width: number,
  add: (row: number, weight: number) => void,
): void {
  const touched: number[] = [];
  const put = (row: number, distance: number): void => {
    if (labels[row] !== 0) return;
    if (ramp[row] === 0) touched.push(row);
    ramp[row] = (ramp[row] as number) + Math.sqrt(1 - distance / width);
  };
  const reach = width >> 1;
  for (const [first, last] of events) {
    for (let row = last + 1; row <= Math.min(last + reach, ramp.length - 1); row++) put(row, row - last);
    for (let row = Math.max(first - reach, 0); row < first; row++) put(row, first - row);
  }
  for (const row of touched) {
    add(row, Math.min(1, ramp[row] as number));
    ramp[row] = 0;
  }
}

/** Events with `reach` rows on either side, those that then meet taken as one. */
function widenedEvents(events: readonly Run[], reach: number, rows: number): readonly Run[] {
  const found: Run[] = [];
  let begin = Math.max((events[0] as Run)[0] - reach, 0);
  for (const [index, [, last]] of events.entries()) {
    const next = events[index + 1];
    if (next === undefined) found.push([begin, Math.min(last + reach, rows - 1)]);
    else if (last + reach < next[0] - reach) {
      found.push([begin, last + reach]);
      begin = next[0] - reach;
    }
  }
  return found;
}

/** Areas at one width. All arrays are running totals over the thresholds, descending. */
function areasUnder(
  flagged: Float64Array,
  inEvents: Float64Array,
  inRamps: Float64Array,
  reached: Float64Array,
  all: { readonly positives: number; readonly rows: number; readonly events: number },
): VolumeUnderSurface {
  let [roc, pr] = [0, 0];
  let [truePositives, falsePositives] = [0, 0];
  for (let at = 0; at < thresholds; at++) {
    const ramps = inRamps[at] as number;
    const found = (inEvents[at] as number) + ramps;
    const seen = flagged[at] as number;
    const positives = all.positives + ramps / 2;
    const trueRate = Math.min(found / positives, 1) * ((reached[at] as number) / all.events);
    const falseRate = (seen - found) / (all.rows - positives);
    roc += ((falseRate - falsePositives) * (trueRate + truePositives)) / 2;
    pr += (trueRate - truePositives) * (found / seen);
    truePositives = trueRate;
    falsePositives = falseRate;
  }
  roc += ((1 - falsePositives) * (1 + truePositives)) / 2;
  return { roc, pr };
}
