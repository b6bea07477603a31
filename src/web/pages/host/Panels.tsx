import { ActionIcon, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import IconArrowsDiagonal from '@tabler/icons-react/dist/esm/icons/IconArrowsDiagonal.mjs';
import IconArrowsDiagonalMinimize from '@tabler/icons-react/dist/esm/icons/IconArrowsDiagonalMinimize.mjs';
import IconMinus from '@tabler/icons-react/dist/esm/icons/IconMinus.mjs';
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { Dashboard, Panel } from '../../../../dashboards/panel.ts';
import type { Target } from '../../../model/target.ts';
import { panelQuery } from '../../api/queries.ts';
import { Answer, Loading } from '../../parts/Answer.tsx';
import { useNames } from '../../parts/names.ts';
import { type Range, rangeNames, ranges } from '../../search.ts';

const TimeChart = lazy(async () => ({ default: (await import('../../chart/TimeChart.tsx')).TimeChart }));

/** The dashboard of a target. Range, minimised and expanded panels are in the address, so a link shows the same. */
export function Panels({ target, dashboard }: { target: Target; dashboard: Dashboard }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/hosts/$id' });
  const navigate = useNavigate({ from: '/hosts/$id' });
  const range = search.range ?? '1h';
  const small = search.small ?? [];
  const wide = search.wide ?? [];
  const toggle = (list: readonly string[], id: string) => (list.includes(id) ? list.filter((one) => one !== id) : [...list, id]);
  const change = (part: { range?: Range; small?: readonly string[]; wide?: readonly string[] }) =>
    void navigate({ search: { ...search, ...part }, replace: true, resetScroll: false });
  return (
    <section className="section" aria-labelledby="charts">
      <header>
        <h2 id="charts">{t('host.charts')}</h2>
        <SegmentedControl
          size="xs"
          aria-label={t('host.range')}
          value={range}
          onChange={(chosen) => change({ range: chosen as Range })}
          data={rangeNames.map((name) => ({ value: name, label: name }))}
        />
      </header>
      <div className="panels">
        {dashboard.panels.map((panel) => (
          <PanelBox
            key={panel.id}
            target={target}
            panel={panel}
            rangeMs={ranges[range]}
            small={small.includes(panel.id)}
            wide={wide.includes(panel.id)}
            onSmall={() => change({ small: toggle(small, panel.id) })}
            onWide={() => change({ wide: toggle(wide, panel.id) })}
          />
        ))}
      </div>
    </section>
  );
}

interface BoxProps {
  readonly target: Target;
  readonly panel: Panel;
  readonly rangeMs: number;
  readonly small: boolean;
  readonly wide: boolean;
  readonly onSmall: () => void;
  readonly onWide: () => void;
}

function PanelBox({ target, panel, rangeMs, small, wide, onSmall, onWide }: BoxProps) {
  const { t } = useTranslation();
  const { language } = useNames();
  const title = panel.title[language];
  const smallWord = t(small ? 'host.restore' : 'host.minimise', { panel: title });
  const wideWord = t(wide ? 'host.shrink' : 'host.expand', { panel: title });
  return (
    <article className="panel sheet" data-wide={wide && !small} data-small={small} data-panel={panel.id}>
      <header>
        <h3>{title}</h3>
        <span className="panel-buttons">
          {!small && (
            <ActionIcon variant="subtle" size="md" aria-label={wideWord} title={wideWord} onClick={onWide}>
              {wide ? <IconArrowsDiagonalMinimize size={15} aria-hidden /> : <IconArrowsDiagonal size={15} aria-hidden />}
            </ActionIcon>
          )}
          <ActionIcon variant="subtle" size="md" aria-label={smallWord} title={smallWord} aria-expanded={!small} onClick={onSmall}>
            {small ? <IconPlus size={15} aria-hidden /> : <IconMinus size={15} aria-hidden />}
          </ActionIcon>
        </span>
      </header>
      {!small && <PanelChart target={target} panel={panel} rangeMs={rangeMs} height={wide ? 320 : 150} title={title} />}
    </article>
  );
}

function PanelChart({
  target,
  panel,
  rangeMs,
  height,
  title,
}: {
  target: Target;
  panel: Panel;
  rangeMs: number;
  height: number;
  title: string;
}) {
  const { feature } = useNames();
  const query = useQuery(panelQuery(target.id, panel.id, rangeMs));
  const lowIsBad = panel.feature !== undefined && feature(target.profile, panel.feature).direction !== 'up';
  return (
    <div style={{ minHeight: height + 22 }}>
      <Answer query={query}>
        {(data) => (
          <Suspense fallback={<Loading />}>
            <TimeChart
              title={title}
              unit={data.unit}
              series={data.series}
              fromMs={data.fromMs}
              toMs={data.toMs}
              band={data.band}
              lowIsBad={lowIsBad}
              min={panel.min}
              max={panel.max}
              height={height}
              sync={target.id}
            />
          </Suspense>
        )}
      </Answer>
    </div>
  );
}
