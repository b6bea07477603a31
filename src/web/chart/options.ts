import type uPlot from 'uplot';
import type { Annotation } from '../../model/annotation.ts';
import type { Format } from '../format/useFormat.ts';
import { type Band, bandExtent, drawBand, drawOutside } from './band.ts';
import { drawMarks, drawRibbon } from './marks.ts';

export interface Look {
  /** A value as its axis says it. */
  readonly say: (value: number) => string;
  readonly legends: readonly string[];
  readonly band: Band | null;
  /** Whether a value below the band is abnormal too. */
  readonly lowIsBad: boolean;
  readonly threshold: number | null;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly spanMs: number;
  readonly format: Format;
  /** A token's colour as it is now, under the present theme. */
  readonly colour: (token: string) => string;
  readonly sync: string;
  readonly marks: readonly Annotation[];
  readonly onCursor: (index: number | null) => void;
  /** Hears of a stretch of time that was drawn with the mouse; absent where a chart shows what it shows. */
  readonly onZoom?: ((fromMs: number, toMs: number) => void) | undefined;
}

/** A shorter stroke of the mouse was a click. */
const leastDrag = 8;

const day = 86_400_000;

/** uPlot's options: quiet axes, a grey band where the value was expected, and red ink only outside of it. */
export function chartOptions(look: Look, width: number, height: number): uPlot.Options {
  const { colour, format } = look;
  const axis = { stroke: colour('soft'), font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false } };
  return {
    width,
    height,
    // The last time on the axis stands half beyond the chart.
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      // The moment under the cursor is shown in all charts, a stretch that is drawn only in its own.
      sync: { key: look.sync, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true } },
      points: { size: 6 },
      drag: { x: look.onZoom !== undefined, y: false, setScale: false },
    },
    scales: { x: { time: true }, y: { range: (_, low, high) => extent(look, low, high) } },
    axes: [
      {
        ...axis,
        size: 26,
        space: 64,
        grid: { show: false },
        values: (_, seconds) =>
          seconds.map((at) => (look.spanMs > 2 * day ? (format.moment(at * 1000, 0).split(',')[0] ?? '') : format.clock(at * 1000))),
      },
      {
        ...axis,
        size: 64,
        space: 34,
        grid: { stroke: colour('line'), width: 1 },
        values: (_, values) => values.map((value) => look.say(value)),
      },
    ],
    series: [
      {},
      ...look.legends.map((label, index) => ({
        label,
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        stroke: () => (look.band !== null && look.legends.length === 1 ? colour('ink') : colour(`series-${(index % 8) + 1}`)),
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawGrey(plot, look)],
      drawAxes: [(plot) => drawMarks(plot, look), (plot) => drawThreshold(plot, look)],
      draw: [(plot) => drawRed(plot, look), (plot) => drawRibbon(plot, look)],
      setSelect: [(plot) => zoom(plot, look)],
      setCursor: [(plot) => look.onCursor(plot.cursor.idx ?? null)],
    },
  };
}

function zoom(plot: uPlot, look: Look): void {
  const { left, width } = plot.select;
  if (width < leastDrag) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  look.onZoom?.(Math.round(from * 1000), Math.round(to * 1000));
}

/** From the fixed bounds, or from 0 to a little above all that is drawn. */
function extent(look: Look, low: number | null, high: number | null): [number, number] {
  const band = look.band === null ? null : bandExtent(look.band);
  const top = Math.max(high ?? 0, band?.high ?? 0, look.threshold ?? 0);
  const bottom = Math.min(low ?? 0, look.min ?? low ?? 0, band?.low ?? low ?? 0);
  const room = (top - bottom) * 0.06;
  const max = look.max !== undefined ? Math.max(look.max, top) : top + room;
  return [bottom, max > bottom ? max : bottom + 1];
}

function drawGrey(plot: uPlot, look: Look): void {
  if (look.band !== null) drawBand(plot, look.band, look.colour('band'));
}

/** Ink inside the band, red outside. */
function drawRed(plot: uPlot, look: Look): void {
  if (look.band !== null && look.legends.length === 1)
    drawOutside(plot, look.band, { colour: look.colour('bad'), lowIsBad: look.lowIsBad });
}

function drawThreshold(plot: uPlot, look: Look): void {
  if (look.threshold === null) return;
  const { left, width } = plot.bbox;
  const y = Math.round(plot.valToPos(look.threshold, 'y', true)) + 0.5;
  plot.ctx.save();
  plot.ctx.strokeStyle = look.colour('ink');
  plot.ctx.setLineDash([6, 4]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(left, y);
  plot.ctx.lineTo(left + width, y);
  plot.ctx.stroke();
  plot.ctx.restore();
}
