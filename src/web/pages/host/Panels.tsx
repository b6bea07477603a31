import { ActionIcon } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import IconArrowsDiagonal from '@tabler/icons-react/dist/esm/icons/IconArrowsDiagonal.mjs';
import IconArrowsDiagonalMinimize from '@tabler/icons-react/dist/esm/icons/IconArrowsDiagonalMinimize.mjs';
import IconMinus from '@tabler/icons-react/dist/esm/icons/IconMinus.mjs';
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs';
import { useTranslation } from 'react-i18next';
import type { Dashboard, Panel } from '../../../../dashboards/panel.ts';
import type { GrafanaState } from '../../../model/grafana.ts';
import type { Annotation } from '../../../model/annotation.ts';
import type { Target } from '../../../model/target.ts';
import { grafanaQuery, marksQuery, panelQuery, type Span, type TimeWindow } from '../../api/queries.ts';
import { AskedChart } from '../../chart/AskedChart.tsx';
import { MarkList } from '../../chart/MarkList.tsx';
import { WindowBar } from '../../chart/WindowBar.tsx';
import { useNames } from '../../parts/names.ts';
import { ranges, zoomOf } from '../../search.ts';
import { GrafanaFrame } from './GrafanaFrame.tsx';

/** The dashboard of a target. Range, minimised and expanded panels are in the address, so a link shows the same. */
export function Panels({ target, dashboard }: { target: Target; dashboard: Dashboard }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/hosts/$id' });
  const navigate = useNavigate({ from: '/hosts/$id' });
  const range = search.range ?? '1h';
  const small = search.small ?? [];
  const wide = search.wide ?? [];
  const toggle = (list: readonly string[], id: string) => (list.includes(id) ? list.filter((one) => one !== id) : [...list, id]);
  const change = (part: Partial<typeof search>, replace = true) =>
    void navigate({ search: { ...search, ...part }, replace, resetScroll: false });
  const zoom = zoomOf(search);
  const window = zoom ?? ranges[range];
  const marks = useQuery(marksQuery(target.id, window)).data ?? noMarks;
  const { data: grafana } = useQuery(grafanaQuery);
  // Each look closer is a step that the browser's own button takes back.
  const look = (span: Span | null) => change({ from: span?.fromMs, to: span?.toMs }, false);
  return (
    <section className="section" aria-labelledby="charts">
      <header>
        <h2 id="charts">{t('host.charts')}</h2>
        <WindowBar
          range={range}
          zoom={zoom}
          onRange={(chosen) => change({ range: chosen, from: undefined, to: undefined })}
          onZoom={look}
        />
      </header>
      <MarkList marks={marks} />
      <div className="panels">
        {dashboard.panels.map((panel) => (
          <PanelBox
            key={panel.id}
            target={target}
            panel={panel}
            window={window}
            marks={marks}
            grafana={grafana}
            onZoom={(fromMs, toMs) => look({ fromMs, toMs })}
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

const noMarks: readonly Annotation[] = [];

interface ChartProps {
  readonly target: Target;
  readonly panel: Panel;
  readonly window: TimeWindow;
  readonly marks: readonly Annotation[];
  readonly grafana: GrafanaState | undefined;
  readonly onZoom: (fromMs: number, toMs: number) => void;
}

interface BoxProps extends ChartProps {
  readonly small: boolean;
  readonly wide: boolean;
  readonly onSmall: () => void;
  readonly onWide: () => void;
}

function PanelBox({ small, wide, onSmall, onWide, ...chart }: BoxProps) {
  const { t } = useTranslation();
  const { language } = useNames();
  const { panel } = chart;
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
      {!small && <Drawn {...chart} height={wide ? 320 : 150} title={title} />}
    </article>
  );
}

type DrawnProps = ChartProps & { readonly height: number; readonly title: string };

/** Grafana's panel where the configuration names one and Grafana answers; else the page's own. */
function Drawn(props: DrawnProps) {
  const { t } = useTranslation();
  const { grafana, panel, target, window, height, title } = props;
  const named = grafana?.panels.find((each) => each.profile === target.profile && each.panel === panel.id);
  if (named === undefined) return <PanelChart {...props} />;
  if (grafana?.answers === true) return <GrafanaFrame panel={named} target={target.id} title={title} window={window} height={height} />;
  return (
    <>
      <p className="soft small" style={{ margin: 0 }}>
        {t('host.grafanaAway', { reason: grafana?.reason ?? '' })}
      </p>
      <PanelChart {...props} />
    </>
  );
}

function PanelChart({ target, panel, window, marks, onZoom, height, title }: DrawnProps) {
  const { feature } = useNames();
  const query = useQuery(panelQuery(target.id, panel.id, window));
  const lowIsBad = panel.feature !== undefined && feature(target.profile, panel.feature).direction !== 'up';
  return (
    <div style={{ minHeight: height + 22 }}>
      <AskedChart
        query={query}
        title={title}
        lowIsBad={lowIsBad}
        min={panel.min}
        max={panel.max}
        height={height}
        sync={target.id}
        marks={marks}
        onZoom={onZoom}
      />
    </div>
  );
}
