import { useComputedColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { GrafanaPanel } from '../../../model/grafana.ts';
import type { TimeWindow } from '../../api/queries.ts';

interface Props {
  readonly panel: GrafanaPanel;
  readonly target: string;
  readonly title: string;
  readonly window: TimeWindow;
  readonly height: number;
}

/** A panel of Grafana through Vigía's own address; it follows the page's target, time and theme. */
export function GrafanaFrame({ panel, target, title, window, height }: Props) {
  const { t } = useTranslation();
  const theme = useComputedColorScheme('light');
  const url = new URL(`grafana/d-solo/${panel.dashboard}/vigia`, document.baseURI);
  const [from, to] =
    typeof window === 'number' ? [`now-${Math.round(window / 1000)}s`, 'now'] : [String(window.fromMs), String(window.toMs)];
  const asked = { orgId: '1', panelId: String(panel.id), [`var-${panel.variable}`]: target, from, to, theme };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  if (typeof window === 'number') url.searchParams.set('refresh', '30s');
  // It needs its scripts and the session of this address, together a sandbox that keeps nothing in: the proxy is what bounds it.
  // oxlint-disable-next-line react/iframe-missing-sandbox -- see above
  return <iframe className="grafana-frame" src={url.href} title={t('host.grafana', { title })} height={height + 22} loading="lazy" />;
}
