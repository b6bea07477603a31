import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useComputedColorScheme } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import type { PanelData, Points } from '../../model/api.ts';
import type { Annotation } from '../../model/annotation.ts';
import type { Unit } from '../../model/profile.ts';
import { useFormat } from '../format/useFormat.ts';
import { bandAt, bandColumns } from './band.ts';
import { chartCsv, chartPicture, fileName, save } from './file.ts';
import { columns } from './join.ts';
import { marksAt } from './marks.ts';
import { chartOptions, type Look } from './options.ts';

interface Props {
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly { readonly legend: string; readonly points: Points }[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly band?: PanelData['band'];
  readonly lowIsBad?: boolean;
  readonly threshold?: number | null;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly height: number;
  readonly sync: string;
  readonly marks?: readonly Annotation[];
  readonly onZoom?: ((fromMs: number, toMs: number) => void) | undefined;
  /** Any number at all may come: three significant digits instead of those that its unit usually has. */
  readonly free?: boolean;
}

const noMarks: readonly Annotation[] = [];
/** A legend of more lines would be longer than its chart: then the highest are named, and how many more there are. */
const mostNamed = 12;
const highestNamed = 6;

/** A chart over time. Its legend shows the newest values, or those under the cursor. */
export function TimeChart({
  title,
  unit,
  series,
  fromMs,
  toMs,
  band: given = null,
  lowIsBad = false,
  threshold = null,
  min,
  max,
  height,
  sync,
  marks = noMarks,
  onZoom,
  free = false,
}: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const scheme = useComputedColorScheme('light');
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => columns(series), [series]);
  // One text, so that an effect can tell whether they changed; a legend may hold any character.
  const legends = JSON.stringify(series.map(({ legend }) => legend));
  const spanMs = toMs - fromMs;
  const say = useCallback(
    (value: number | null | undefined) => (free && typeof value === 'number' ? format.figure(value, unit) : format.value(value, unit)),
    [free, format, unit],
  );
  const zooms = onZoom !== undefined;
  const band = useMemo(() => (given === null ? null : bandColumns(given)), [given]);
  /** What changes without a new chart: samples, their window, what was expected of them, a dragged threshold. */
  const latest = useRef({ data, fromMs, toMs, band, threshold, marks, onZoom });
  latest.current = { data, fromMs, toMs, band, threshold, marks, onZoom };

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const look: Look = {
      say,
      legends: JSON.parse(legends) as string[],
      get band() {
        return latest.current.band;
      },
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
      get marks() {
        return latest.current.marks;
      },
      onCursor: setCursor,
      onZoom: zooms ? (from, to) => latest.current.onZoom?.(from, to) : undefined,
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
  }, [say, legends, lowIsBad, min, max, height, sync, scheme, format, spanMs, zooms]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData, false);
    plot.current?.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
  }, [data, band, fromMs, toMs]);

  useEffect(() => plot.current?.redraw(false), [threshold, marks]);

  const values = data.slice(1).flatMap((column) => (column as (number | null)[]).filter((value) => value !== null));
  const empty = values.length === 0;
  const at = cursor !== null && cursor < data[0].length ? cursor : null;
  const newest = (column: readonly (number | null)[]) =>
    at === null ? (column.findLast((value) => value !== null) ?? null) : (column[at] ?? null);
  const valueOf = (index: number) => newest((data[index + 1] ?? []) as (number | null)[]);
  const expected = band === null ? null : bandAt(band, at === null ? null : (data[0][at] as number));
  const marked = at === null ? [] : marksAt(marks, (data[0][at] as number) * 1000, spanMs / 120);
  const all = series.map((one, index) => [one, index] as const);
  const level = (index: number) => valueOf(index) ?? Number.NEGATIVE_INFINITY;
  const named = all.length <= mostNamed ? all : all.toSorted(([, a], [, b]) => level(b) - level(a)).slice(0, highestNamed);
  const picture = async () => {
    if (plot.current === undefined) return;
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const lines = named.map(([{ legend }, index]) => ({
      legend: series.length > 1 ? legend : '',
      value: say(valueOf(index)),
      colour: token(`series-${(index % 8) + 1}`),
    }));
    const heading = `${title}, ${format.moment(fromMs, 0)} – ${format.moment(toMs, 0)}`;
    save(await chartPicture(plot.current, { title: heading, lines, ink: token('ink'), ground: token('sheet') }), fileName(title, 'png'));
  };
  const table = () =>
    save(
      new Blob(
        [
          chartCsv(
            data,
            series.map(({ legend }) => legend),
          ),
        ],
        { type: 'text/csv;charset=utf-8' },
      ),
      fileName(title, 'csv'),
    );
  const label = empty
    ? `${title}: ${t('host.noSamples')}`
    : t('host.chart', {
        title,
        last: say((data[1] as (number | null)[] | undefined)?.findLast((value) => value !== null)),
        min: say(smallest(values)),
        max: say(largest(values)),
      });
  return (
    <div className="chart">
      <div ref={holder} role="img" aria-label={label} style={{ height }} />
      {empty && <p className="chart-empty soft">{t('host.noSamples')}</p>}
      <ul className="chart-legend plain-list">
        {at !== null && <li className="soft">{format.moment((data[0][at] as number) * 1000)}</li>}
        {named.map(([one, index]) => (
          <li key={one.legend}>
            <span className="chart-key" style={{ background: `var(--series-${(index % 8) + 1})` }} aria-hidden="true" />
            {series.length > 1 && <span className="chart-name">{one.legend}</span>} <b>{say(valueOf(index))}</b>
          </li>
        ))}
        {expected !== null && (
          <li className="soft">
            <span className="chart-key chart-key-band" aria-hidden="true" />
            {t('host.band')} {format.range(expected.low, expected.high, unit)}
          </li>
        )}
        {marked.map(({ kind, fromMs: since, text }) => (
          <li key={`${kind} ${since} ${text}`}>
            <span className="mark-key" data-kind={kind} aria-hidden="true" />
            {t(`charts.${kind}`)} {text}
          </li>
        ))}
        {all.length > named.length && <li className="soft">{t('charts.moreMarks', { count: all.length - named.length })}</li>}
        {!empty && (
          <li className="chart-files">
            <button type="button" aria-label={t('charts.csv', { title })} title={t('charts.csv', { title })} onClick={table}>
              CSV
            </button>
            <button type="button" aria-label={t('charts.png', { title })} title={t('charts.png', { title })} onClick={() => void picture()}>
              PNG
            </button>
          </li>
        )}
      </ul>
    </div>
  );
}

// Spread arguments overflow the stack on long ranges.
const smallest = (values: readonly number[]) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
const largest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
