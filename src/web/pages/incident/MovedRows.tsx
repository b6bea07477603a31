import IconArrowDown from '@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs';
import IconArrowRight from '@tabler/icons-react/dist/esm/icons/IconArrowRight.mjs';
import IconArrowsVertical from '@tabler/icons-react/dist/esm/icons/IconArrowsVertical.mjs';
import IconArrowUp from '@tabler/icons-react/dist/esm/icons/IconArrowUp.mjs';
import IconCircleMinus from '@tabler/icons-react/dist/esm/icons/IconCircleMinus.mjs';
import IconCirclePlus from '@tabler/icons-react/dist/esm/icons/IconCirclePlus.mjs';
import IconFold from '@tabler/icons-react/dist/esm/icons/IconFold.mjs';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Moved, MovedRow } from '../../../model/explanation.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useNames } from '../../parts/names.ts';
import { MovedLine } from './MovedLine.tsx';

const icons = {
  up: IconArrowUp,
  down: IconArrowDown,
  wider: IconArrowsVertical,
  narrower: IconFold,
  appeared: IconCirclePlus,
  vanished: IconCircleMinus,
} as const;

/** Where, which series, from what to what, how it went and when. */
export function MovedRows({
  moved,
  rows,
  profile,
  head = false,
}: {
  moved: Moved;
  rows: readonly MovedRow[];
  profile: string;
  head?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <>
      {head && (
        <div className="list-row list-head moved-row moved-head" aria-hidden="true">
          <span>{t('moved.head.target')}</span>
          <span>{t('moved.head.series')}</span>
          <span>{t('moved.head.change')}</span>
          <span>{t('moved.head.line')}</span>
          <span className="moved-when">{t('moved.head.when')}</span>
        </div>
      )}
      <ul className="plain-list">
        {rows.map((row) => (
          <li key={`${row.entity} ${row.kind} ${row.expr}`} className="list-row moved-row">
            <span className="moved-where">
              <Link to="/hosts/$id" params={{ id: row.entity }}>
                {row.name}
              </Link>
            </span>
            <Series row={row} profile={profile} />
            <Change row={row} />
            {row.points.length > 0 ? <MovedLine row={row} startMs={moved.startMs} /> : <span />}
            <When row={row} moved={moved} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Series({ row, profile }: { row: MovedRow; profile: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  if (row.metric === null) {
    return (
      <span className="moved-what">
        <strong>{t('moved.ended')}</strong>
        <span className="soft small">{t('moved.endedCount', { series: format.count(row.alike + 1) })}</span>
      </span>
    );
  }
  const labels = Object.entries(row.labels).map(([label, value]) => `${label}=${value}`);
  const more = [
    ...(labels.length > 0 ? [labels.join(', ')] : []),
    ...(row.alike > 0 ? [t('moved.alike', { count: row.alike })] : []),
    ...(row.feature === null ? [] : [t('moved.known', { feature: names.feature(profile, row.feature).title })]),
  ];
  return (
    <span className="moved-what">
      <details>
        <summary title="PromQL">
          <strong>{row.metric}</strong>
        </summary>
        <code>{row.expr}</code>
      </details>
      {more.length > 0 && <span className="soft small">{more.join(' · ')}</span>}
    </span>
  );
}

function Change({ row }: { row: MovedRow }) {
  const { t } = useTranslation();
  const format = useFormat();
  const Icon = icons[row.kind];
  const side = (value: number | null) => (value === null ? t('moved.nowhere') : format.figure(value, row.unit));
  const isScatter = row.kind === 'up' || row.kind === 'down' || row.kind === 'wider';
  const words = [t(`moved.kind.${row.kind}`), ...(isScatter ? [t('moved.usual', { times: format.count(row.size) })] : [])];
  return (
    <span className="moved-change">
      <span className="moved-values">
        <Icon size={16} stroke={2} aria-hidden />
        {row.metric === null ? (
          <span className="soft small">{t(`moved.kind.${row.kind}`)}</span>
        ) : (
          <>
            <span className="soft">{side(row.before)}</span>
            <IconArrowRight size={13} stroke={2} aria-label="→" />
            <strong>{side(row.after)}</strong>
          </>
        )}
      </span>
      {row.metric !== null && <span className="soft small">{words.join(', ')}</span>}
    </span>
  );
}

function When({ row, moved }: { row: MovedRow; moved: Moved }) {
  const { t } = useTranslation();
  const format = useFormat();
  const offMs = row.movedMs - moved.startMs;
  const off =
    Math.abs(offMs) < moved.stepMs
      ? t('moved.start')
      : t(offMs < 0 ? 'moved.before' : 'moved.after', { span: format.span(Math.abs(offMs)) });
  return (
    <span className="moved-when" title={format.exact(row.movedMs)}>
      {format.moment(row.movedMs)} <span className="soft small">{off}</span>
    </span>
  );
}
