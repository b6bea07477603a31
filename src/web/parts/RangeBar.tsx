import { useTranslation } from 'react-i18next';
import type { Unit } from '../../model/profile.ts';
import { useFormat } from '../format/useFormat.ts';

interface Props {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: Unit;
}

/** The band that was expected and a mark where the value was: the sign of this page, in one line. */
export function RangeBar({ value, low, high, unit }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  // Without a band only a ratio has ends to be measured against.
  if (value === null || (low === null && unit !== 'ratio')) return <span />;
  const label = t('common.valueOf', { value: format.value(value, unit), range: format.range(low, high, unit) });
  const [from, to] = extent(value, low, high, unit);
  const at = (amount: number) => Math.min(100, Math.max(0, ((amount - from) / (to - from || 1)) * 100));
  const outside = isOutside(value, low, high);
  return (
    <span className="range" role="img" aria-label={label} title={label}>
      {low !== null && high !== null && (
        <span className="range-band" style={{ left: `${at(low)}%`, width: `max(3px, ${at(high) - at(low)}%)` }} />
      )}
      <span className="range-mark" data-state={outside ? 'bad' : undefined} style={{ left: `${at(value)}%` }} />
    </span>
  );
}

export function isOutside(value: number | null, low: number | null, high: number | null): boolean {
  return value !== null && low !== null && high !== null && (value < low || value > high);
}

/** Shares are drawn from 0 to 100 %; everything else from 0 to a little beyond the largest of its numbers. */
function extent(value: number | null, low: number | null, high: number | null, unit: Unit): readonly [number, number] {
  const largest = Math.max(value ?? 0, high ?? 0);
  const smallest = Math.min(0, value ?? 0, low ?? 0);
  if (unit === 'ratio' && largest <= 1) return [smallest, 1];
  return [smallest, largest === smallest ? smallest + 1 : largest + (largest - smallest) * 0.08];
}

/** How much of the score a feature carries. */
export function ShareBar({ share }: { share: number }) {
  const format = useFormat();
  return (
    <span className="share">
      <span className="share-track" aria-hidden="true">
        <span className="share-fill" style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
      </span>
      <span className="share-word">{format.share(share)}</span>
    </span>
  );
}

/** A score in [0, 1] with the threshold as a tick; red from the threshold on. */
export function ScoreBar({ score, threshold }: { score: number; threshold: number | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const above = threshold !== null && score >= threshold;
  const label = t('common.scoreOf', { score: format.score(score), threshold: format.score(threshold) });
  return (
    <span className="score" data-state={above ? 'bad' : undefined} role="img" aria-label={label} title={label}>
      <span className="score-word">{format.score(score)}</span>
      <span className="score-track">
        <span className="score-fill" style={{ width: `${Math.min(1, score) * 100}%` }} />
        {threshold !== null && <span className="score-tick" style={{ left: `${Math.min(1, threshold) * 100}%` }} />}
      </span>
      <span className="score-word soft">{format.score(threshold)}</span>
    </span>
  );
}
