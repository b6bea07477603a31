import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import type { Points } from '../../model/api.ts';
import type { Unit } from '../../model/profile.ts';
import { useFormat } from '../format/useFormat.ts';
import { columns } from './join.ts';
import { type Band, chartOptions, type Look } from './options.ts';

interface Props {
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly { readonly legend: string; readonly points: Points }[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly band?: Band | null;
  readonly lowIsBad?: boolean;
  readonly threshold?: number | null;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly height: number;
  readonly sync: string;
}

/** A chart over time. Its legend shows the newest values, or those under the cursor. */
export function TimeChart({
  title,
  unit,
  series,
  fromMs,
  toMs,
  band = null,
  lowIsBad = false,
  threshold = null,
  min,
  max,
  height,
  sync,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const scheme = useComputedColorScheme('light');
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => columns(series), [series]);
  const legends = series.map(({ legend }) => legend).join('\n');
  const spanMs = toMs - fromMs;
  const low = band?.low ?? null;
  const high = band?.high ?? null;
  /** What changes without a new chart: samples, their window, a dragged threshold. */
  const latest = useRef({ data, fromMs, toMs, threshold });
  latest.current = { data, fromMs, toMs, threshold };

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const look: Look = {
      unit,
      legends: legends === '' ? [] : legends.split('\n'),
      band: low === null || high === null ? null : { low, high },
      lowIsBad,
      get threshold() {
        return latest.current.threshold;
      },
      min,
      max,
      spanMs,
      format,
      // The scheme makes a new chart; its colours are the tokens of the moment of drawing.
      colour: (token) => style.getPropertyValue(`--${token}`).trim() || scheme,
      sync,
      onCursor: setCursor,
    };
    const made = new uPlot(chartOptions(look, element.clientWidth, height), latest.current.data as uPlot.AlignedData, element);
    made.setScale('x', { min: latest.current.fromMs / 1000, max: latest.current.toMs / 1000 });
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [unit, legends, low, high, lowIsBad, min, max, height, sync, scheme, format, spanMs]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData, false);
    plot.current?.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
  }, [data, fromMs, toMs]);

  useEffect(() => plot.current?.redraw(false), [threshold]);

  const values = data.slice(1).flatMap((column) => (column as (number | null)[]).filter((value) => value !== null));
  const empty = values.length === 0;
  const at = cursor !== null && cursor < data[0].length ? cursor : null;
  const newest = (column: readonly (number | null)[]) =>
    at === null ? (column.findLast((value) => value !== null) ?? null) : (column[at] ?? null);
  const label = empty
    ? `${title}: ${t('host.noSamples')}`
    : t('host.chart', {
        title,
        last: format.value(
          (data[1] as (number | null)[] | undefined)?.findLast((value) => value !== null),
          unit,
        ),
        min: format.value(smallest(values), unit),
        max: format.value(largest(values), unit),
      });
  return (
    <div className="chart">
      <div ref={holder} role="img" aria-label={label} style={{ height }} />
      {empty && <p className="chart-empty soft">{t('host.noSamples')}</p>}
      <ul className="chart-legend plain-list">
        {at !== null && <li className="soft">{format.moment((data[0][at] as number) * 1000)}</li>}
        {series.map((one, index) => (
          <li key={one.legend}>
            <span className="chart-key" style={{ background: `var(--series-${(index % 8) + 1})` }} aria-hidden="true" />
            {series.length > 1 && <span className="chart-name">{one.legend}</span>}{' '}
            <b>{format.value(newest((data[index + 1] ?? []) as (number | null)[]), unit)}</b>
          </li>
        ))}
        {band !== null && (
          <li className="soft">
            <span className="chart-key chart-key-band" aria-hidden="true" />
            {t('host.band')} {format.range(band.low, band.high, unit)}
          </li>
        )}
      </ul>
    </div>
  );
}

// Spread arguments overflow the stack on long ranges.
const smallest = (values: readonly number[]) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
const largest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
