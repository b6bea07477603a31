import { useTranslation } from 'react-i18next';
import type { MovedRow } from '../../../model/explanation.ts';
import { useFormat } from '../../format/useFormat.ts';

const width = 160;
const height = 34;

/** A series around the start of the incident, on a scale of its own; the upright line is the start. Holes stay holes. */
export function MovedLine({ row, startMs }: { row: MovedRow; startMs: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const values = row.points.flatMap(([, value]) => (value === null ? [] : [value]));
  const [from = 0] = row.points[0] ?? [];
  const [to = 1] = row.points.at(-1) ?? [];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (ms: number) => ((ms - from) / (to - from || 1)) * width;
  const y = (value: number) => 2 + (high === low ? 0.5 : 1 - (value - low) / (high - low)) * (height - 4);
  let path = '';
  let pen = 'M';
  for (const [ms, value] of row.points) {
    if (value === null) pen = 'M';
    else {
      path += `${pen}${x(ms).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = 'L';
    }
  }
  const side = (value: number | null) => (value === null ? t('moved.nowhere') : format.figure(value, row.unit));
  const label = t('moved.line', { before: side(row.before), after: side(row.after) });
  return (
    <svg className="spark moved-line" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {startMs >= from && startMs <= to && <path className="spark-threshold" d={`M${x(startMs).toFixed(1)} 0V${height}`} />}
      <path className="spark-line" d={path} />
    </svg>
  );
}
