import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { dashboardOf } from '../../../../dashboards/index.ts';
import type { Panel } from '../../../../dashboards/panel.ts';
import { applicationPanelQuery } from '../../api/queries.ts';
import { AskedChart } from '../../chart/AskedChart.tsx';
import { useNames } from '../../parts/names.ts';
import { type Range, rangeNames, ranges } from '../../search.ts';

const panels = dashboardOf('container')?.panels ?? [];

/** The charts of an application, a line per replica. The range is in the address, so a link shows the same. */
export function Charts({ application }: { application: string }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/containers' });
  const navigate = useNavigate({ from: '/containers' });
  const range = search.range ?? '1h';
  return (
    <section className="section" aria-labelledby="charts">
      <header>
        <h2 id="charts">{t('host.charts')}</h2>
        <SegmentedControl
          size="xs"
          aria-label={t('host.range')}
          value={range}
          onChange={(chosen) => void navigate({ search: { ...search, range: chosen as Range }, replace: true, resetScroll: false })}
          data={rangeNames.map((name) => ({ value: name, label: name }))}
        />
      </header>
      <div className="panels">
        {panels.map((panel) => (
          <Chart key={panel.id} application={application} panel={panel} rangeMs={ranges[range]} />
        ))}
      </div>
    </section>
  );
}

function Chart({ application, panel, rangeMs }: { application: string; panel: Panel; rangeMs: number }) {
  const { language } = useNames();
  const query = useQuery(applicationPanelQuery(application, panel.id, rangeMs));
  const title = panel.title[language];
  return (
    <article className="panel sheet" data-panel={panel.id}>
      <header>
        <h3>{title}</h3>
      </header>
      <div className="panel-chart">
        <AskedChart query={query} title={title} min={panel.min} max={panel.max} height={150} sync={application} />
      </div>
    </article>
  );
}
