import type uPlot from 'uplot';
import type { Annotation } from '../../model/annotation.ts';

export interface MarkLook {
  readonly marks: readonly Annotation[];
  readonly colour: (token: string) => string;
}

const ribbonHeight = 5;
const barHeight = 3;

/**
 * Under the lines: silences, maintenance and faults hatched between two edges; deployments as a bar at the foot between two lines;
 * incidents as a line with a head and a bar at the top for as long as they lasted; starts as a line with a head.
 */
export function drawMarks(plot: uPlot, { marks, colour }: MarkLook): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const mark of marks) {
    const [from, to] = ends(plot, mark);
    if (mark.kind === 'silence' || mark.kind === 'maintenance' || mark.kind === 'fault') {
      const tone = colour(mark.kind === 'fault' ? 'bad' : 'line-strong');
      hatch(ctx, { x: from, y: top, width: to - from, height }, tone, 7 * ratio);
      edges(ctx, { from, to, top, height }, tone);
    } else if (mark.kind === 'deployment') {
      const tone = colour('soft');
      edges(ctx, { from, to, top, height }, tone);
      ctx.fillStyle = tone;
      // One that took no longer than a step is still seen.
      ctx.fillRect(from, top + height - barHeight * ratio, Math.max(2 * ratio, to - from), barHeight * ratio);
    } else if (mark.kind !== 'anomaly') {
      const isIncident = mark.kind === 'incident';
      const x = Math.round(from) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = colour(isIncident ? 'bad' : 'soft');
      ctx.lineWidth = ratio;
      ctx.setLineDash(isIncident ? [5 * ratio, 3 * ratio] : [ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      if (isIncident) ctx.fillRect(from, top, Math.max(0, to - from), barHeight * ratio);
      ctx.beginPath();
      // An incident's head points down from above, that of a start up from below.
      const [base, tip] = isIncident ? [top, top + 7 * ratio] : [top + height, top + height - 7 * ratio];
      ctx.moveTo(x - 5 * ratio, base);
      ctx.lineTo(x + 5 * ratio, base);
      ctx.lineTo(x, tip);
      ctx.fill();
    }
  }
  ctx.restore();
}

/** Where a stretch begins and ends. */
function edges(
  ctx: CanvasRenderingContext2D,
  { from, to, top, height }: { readonly from: number; readonly to: number; readonly top: number; readonly height: number },
  tone: string,
): void {
  ctx.strokeStyle = tone;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const x of [from, to].map((each) => Math.round(each) + 0.5)) {
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
  }
  ctx.stroke();
}

/** Over the lines: a ribbon at the foot of the chart while the score was at or above its threshold. */
export function drawRibbon(plot: uPlot, { marks, colour }: MarkLook): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const thick = ribbonHeight * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour('bad');
  for (const mark of marks) {
    if (mark.kind !== 'anomaly') continue;
    const [from, to] = ends(plot, mark);
    // A single step is still seen.
    const start = Math.max(left, from - devicePixelRatio);
    const end = Math.min(left + width, Math.max(to, from + 2 * devicePixelRatio));
    if (end > start) ctx.fillRect(start, top + height - thick, end - start, thick);
  }
  ctx.restore();
}

/** Where a mark begins and ends, in pixels of the canvas; one that goes on ends beyond its right edge. */
function ends(plot: uPlot, { fromMs, toMs }: Annotation): [number, number] {
  const x = (ms: number) => plot.valToPos(ms / 1000, 'x', true);
  return [x(fromMs), toMs === null ? plot.bbox.left + plot.bbox.width + 20 : x(toMs)];
}

function hatch(
  ctx: CanvasRenderingContext2D,
  area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  colour: string,
  gap: number,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(area.x, area.y, area.width, area.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.6;
  ctx.lineWidth = devicePixelRatio;
  const canvas = ctx.canvas.width;
  const first = Math.max(area.x, 0) - area.height;
  const last = Math.min(area.x + area.width, canvas);
  for (let x = first - (first % gap); x < last; x += gap) {
    ctx.beginPath();
    ctx.moveTo(x, area.y + area.height);
    ctx.lineTo(x + area.height, area.y);
    ctx.stroke();
  }
  ctx.restore();
}

/** The marks at a moment, for a legend; of those without length, the ones that the cursor is next to. */
export function marksAt(marks: readonly Annotation[], ms: number, nearMs: number): Annotation[] {
  return marks.filter(({ fromMs, toMs }) =>
    toMs !== null && toMs - fromMs < 2 * nearMs ? Math.abs(ms - fromMs) <= nearMs : ms >= fromMs && (toMs === null || ms <= toMs),
  );
}
