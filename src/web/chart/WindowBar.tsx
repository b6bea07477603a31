import { ActionIcon, Button, SegmentedControl } from '@mantine/core';
import IconChevronLeft from '@tabler/icons-react/dist/esm/icons/IconChevronLeft.mjs';
import IconChevronRight from '@tabler/icons-react/dist/esm/icons/IconChevronRight.mjs';
import IconZoomIn from '@tabler/icons-react/dist/esm/icons/IconZoomIn.mjs';
import IconZoomOut from '@tabler/icons-react/dist/esm/icons/IconZoomOut.mjs';
import { useTranslation } from 'react-i18next';
import type { Span } from '../api/queries.ts';
import { useFormat } from '../format/useFormat.ts';
import { type Range, rangeNames, ranges } from '../search.ts';

const shortestMs = 60_000;
const longestMs = 400 * 86_400_000;

interface Props {
  readonly range: Range;
  /** A stretch of the past in the place of "the last hour". */
  readonly zoom: Span | null;
  readonly onRange: (range: Range) => void;
  readonly onZoom: (span: Span | null) => void;
}

/** Which time charts show: the last minutes to days, or a stretch of the past that one walks along and looks into. */
export function WindowBar({ range, zoom, onRange, onZoom }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const step = (by: number, size: number) => {
    const toMs = zoom?.toMs ?? Date.now();
    const fromMs = zoom?.fromMs ?? toMs - ranges[range];
    const middle = (fromMs + toMs) / 2 + by * (toMs - fromMs);
    const half = Math.min(longestMs, Math.max(shortestMs, size * (toMs - fromMs))) / 2;
    const end = Math.min(Date.now(), middle + half);
    onZoom({ fromMs: Math.round(end - 2 * half), toMs: Math.round(end) });
  };
  const buttons = [
    { word: 'charts.earlier', Icon: IconChevronLeft, by: -0.5, size: 1, off: false },
    { word: 'charts.later', Icon: IconChevronRight, by: 0.5, size: 1, off: zoom === null },
    { word: 'charts.closer', Icon: IconZoomIn, by: 0, size: 0.5, off: false },
    { word: 'charts.further', Icon: IconZoomOut, by: 0, size: 2, off: false },
  ] as const;
  return (
    <div className="row window-bar">
      {zoom !== null && (
        <>
          <span className="small">{t('charts.between', { from: format.moment(zoom.fromMs, 0), to: format.moment(zoom.toMs, 0) })}</span>
          <Button size="compact-sm" variant="default" onClick={() => onZoom(null)}>
            {t('charts.live')}
          </Button>
        </>
      )}
      <span className="row" style={{ gap: 2 }}>
        {buttons.map(({ word, Icon, by, size, off }) => (
          <ActionIcon key={word} variant="subtle" aria-label={t(word)} title={t(word)} disabled={off} onClick={() => step(by, size)}>
            <Icon size={16} aria-hidden />
          </ActionIcon>
        ))}
      </span>
      <SegmentedControl
        size="xs"
        aria-label={t('host.range')}
        value={zoom === null ? range : ''}
        onChange={(chosen) => onRange(chosen as Range)}
        data={rangeNames.map((name) => ({ value: name, label: name }))}
      />
    </div>
  );
}
