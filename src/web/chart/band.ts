import type uPlot from 'uplot';
import type { PanelData } from '../../model/api.ts';

/** What was expected over time: Unix seconds, and both ends at each; null where nothing was. */
export interface Band {
  readonly times: readonly number[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** The band of an answer, both ends at the same times. */
export function bandColumns(band: NonNullable<PanelData['band']>): Band {
  const highs = new Map(band.high);
  return {
    times: band.low.map(([ms]) => ms / 1000),
    low: band.low.map(([ms, value]) => ((highs.get(ms) ?? null) === null ? null : value)),
    high: band.low.map(([ms, value]) => (value === null ? null : (highs.get(ms) ?? null))),
  };
}

/** The range at a moment: the newest that was known by then; without a moment the newest of all. Null where there is none. */
export function bandAt({ times, low, high }: Band, seconds: number | null): { low: number; high: number } | null {
  const at = seconds === null ? low.findLastIndex((value) => value !== null) : times.findLastIndex((time) => time <= seconds);
  const [from, to] = [low[at] ?? null, high[at] ?? null];
  return from === null || to === null ? null : { low: from, high: to };
}

/** The ends of all of it; null where it is empty. */
export function bandExtent({ low, high }: Band): { low: number; high: number } | null {
  let ends: { low: number; high: number } | null = null;
  for (const [at, from] of low.entries()) {
    const to = high[at] ?? null;
    if (from === null || to === null) continue;
    ends = ends === null ? { low: from, high: to } : { low: Math.min(ends.low, from), high: Math.max(ends.high, to) };
  }
  return ends;
}

/** Stretches of the band without a gap, as places in its columns, ends included. */
export function bandStretches({ low, high }: Band): [first: number, last: number][] {
  const stretches: [number, number][] = [];
  for (const [at, from] of low.entries()) {
    if (from === null || (high[at] ?? null) === null) continue;
    const last = stretches.at(-1);
    if (last !== undefined && last[1] === at - 1) last[1] = at;
    else stretches.push([at, at]);
  }
  return stretches;
}

/** Under the line: the range that was expected, in grey. */
export function drawBand(plot: uPlot, band: Band, colour: string): void {
  const { ctx } = plot;
  clipped(plot, () => {
    ctx.fillStyle = ctx.strokeStyle = colour;
    // A band of one value is still seen.
    ctx.lineWidth = 2;
    for (const stretch of bandStretches(band)) {
      outline(plot, band, stretch);
      ctx.fill();
      ctx.stroke();
    }
  });
}

/** Over the line: its parts above the band, and below where that is abnormal too, once more in the colour of what is not well. */
export function drawOutside(plot: uPlot, band: Band, { colour, lowIsBad }: { colour: string; lowIsBad: boolean }): void {
  const { ctx } = plot;
  const [times = [], values = []] = plot.data;
  const { top, height } = plot.bbox;
  clipped(plot, () => {
    const outside = new Path2D();
    for (const stretch of bandStretches(band)) {
      side(plot, outside, { band, column: band.high, stretch, edge: top });
      if (lowIsBad) side(plot, outside, { band, column: band.low, stretch, edge: top + height });
    }
    ctx.clip(outside);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.lineJoin = 'round';
    ctx.beginPath();
    let isDrawing = false;
    for (const [at, value] of values.entries()) {
      if (value === null || value === undefined) isDrawing = false;
      else {
        const [x, y] = [plot.valToPos(times[at] as number, 'x', true), plot.valToPos(value, 'y', true)];
        if (isDrawing) ctx.lineTo(x, y);
        else ctx.moveTo(x, y);
        isDrawing = true;
      }
    }
    ctx.stroke();
  });
}

function clipped(plot: uPlot, draw: () => void): void {
  const { left, top, width, height } = plot.bbox;
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(left, top, width, height);
  plot.ctx.clip();
  draw();
  plot.ctx.restore();
}

/** Where a stretch begins and ends: half a step further than its samples, so that each of them stands for its own time. */
function reach(
  plot: uPlot,
  { times }: Band,
  [first, last]: readonly [number, number],
): { x: (at: number) => number; from: number; to: number } {
  const x = (at: number): number => plot.valToPos(times[at] as number, 'x', true);
  const half = times.length < 2 ? plot.bbox.width : Math.abs(x(1) - x(0)) / 2;
  return { x, from: x(first) - half, to: x(last) + half };
}

function outline(plot: uPlot, band: Band, stretch: readonly [number, number]): void {
  const { ctx } = plot;
  const { x, from, to } = reach(plot, band, stretch);
  const [first, last] = stretch;
  const y = (column: Band['low'], at: number): number => plot.valToPos(column[at] as number, 'y', true);
  ctx.beginPath();
  ctx.moveTo(from, y(band.high, first));
  for (let at = first; at <= last; at++) ctx.lineTo(x(at), y(band.high, at));
  ctx.lineTo(to, y(band.high, last));
  ctx.lineTo(to, y(band.low, last));
  for (let at = last; at >= first; at--) ctx.lineTo(x(at), y(band.low, at));
  ctx.lineTo(from, y(band.low, first));
  ctx.closePath();
}

/** What lies between an end of the band and an edge of the chart. */
function side(
  plot: uPlot,
  path: Path2D,
  { band, column, stretch, edge }: { band: Band; column: Band['low']; stretch: readonly [number, number]; edge: number },
): void {
  const { x, from, to } = reach(plot, band, stretch);
  const [first, last] = stretch;
  const y = (at: number): number => plot.valToPos(column[at] as number, 'y', true);
  path.moveTo(from, edge);
  path.lineTo(from, y(first));
  for (let at = first; at <= last; at++) path.lineTo(x(at), y(at));
  path.lineTo(to, y(last));
  path.lineTo(to, edge);
  path.closePath();
}
