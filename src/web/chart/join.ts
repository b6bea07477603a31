import type { Points } from '../../model/api.ts';

export type Columns = [number[], ...(number | null)[][]];

/** Series joined by time into uPlot's columns (x in seconds); a series without a sample at a time has a hole there. */
export function columns(series: readonly { readonly points: Points }[]): Columns {
  const times = [...new Set(series.flatMap(({ points }) => points.map(([ms]) => ms)))].sort((a, b) => a - b);
  const place = new Map(times.map((ms, index) => [ms, index]));
  const ys = series.map(({ points }) => {
    const column = times.map((): number | null => null);
    for (const [ms, value] of points) column[place.get(ms) as number] = value;
    return column;
  });
  return [times.map((ms) => ms / 1000), ...ys];
}
