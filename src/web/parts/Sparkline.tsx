import { useTranslation } from 'react-i18next';
import type { Points } from '../../model/api.ts';
import { useFormat } from '../format/useFormat.ts';

const width = 140;
const height = 30;

/** Scores of the last hour over their threshold line; holes stay holes. */
export function Sparkline({ points, threshold }: { points: Points; threshold: number | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  const first = points[0];
  const last = points.at(-1);
  if (values.length < 2 || first === undefined || last === undefined) return <span className="spark-empty" aria-hidden="true" />;

  const span = last[0] - first[0] || 1;
  const x = (ms: number) => ((ms - first[0]) / span) * width;
  const y = (value: number) => 1 + (1 - Math.min(1, Math.max(0, value))) * (height - 2);
  let path = '';
  let pen = 'M';
  for (const [ms, value] of points) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    path += `${pen}${x(ms).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
  }
  const label = t('overview.sparkline', { last: format.score(values.at(-1)), max: format.score(Math.max(...values)) });
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {threshold !== null && <path className="spark-threshold" d={`M0 ${y(threshold)}H${width}`} />}
      <path className="spark-line" d={path} />
    </svg>
  );
}
