import { dashboards } from '../../../dashboards/index.ts';
import type { Dashboard, Panel } from '../../../dashboards/panel.ts';
import type { Config } from '../../model/config.ts';
import type { Profile, Unit } from '../../model/profile.ts';
import { queriesOf } from '../panels.ts';
import { fillIn } from '../profiles.ts';
import { constant } from '../promql.ts';
import { labelling } from '../source.ts';
import { grafanaDatasources, ownUid, sourceUid } from './grafana-datasources.ts';
import { yamlText } from './yaml-text.ts';

export interface GrafanaInput {
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Where Grafana will find the dashboards: an absolute folder on its machine. */
  readonly dashboardsDir: string;
}

/** The shape of dashboards that Grafana 10.4 and later read as it is; it migrates older ones itself. */
const schemaVersion = 39;

/**
 * The page's dashboards for Grafana, files by name: one JSON each, and what provisions them with their data sources. Every
 * expression is the page's own: `$selector` names the chosen target, and `$rate` is Grafana's `$__rate_interval`, which is four
 * scrape intervals at least, as the page's window is.
 */
export function grafanaFiles(input: GrafanaInput): Record<string, string> {
  const files: Record<string, string> = {};
  for (const dashboard of dashboards) {
    const profile = input.profiles.get(dashboard.profile);
    if (profile === undefined) continue;
    files[`dashboards/${dashboard.slug}.json`] = `${JSON.stringify(grafanaDashboard(dashboard, profile, input.config), null, 2)}\n`;
  }
  files['provisioning/dashboards/vigia.yml'] = yamlText({
    apiVersion: 1,
    providers: [
      {
        name: 'vigia',
        folder: 'Vigía',
        type: 'file',
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: input.dashboardsDir.replaceAll('$', '$$$$'), foldersFromFilesStructure: false },
      },
    ],
  });
  files['provisioning/datasources/vigia.yml'] = yamlText(grafanaDatasources(input.config));
  return files;
}

const own = { type: 'prometheus', uid: ownUid };

/** One dashboard: three figures of Vigía's first, then the page's panels two a row. */
export function grafanaDashboard(dashboard: Dashboard, profile: Profile, config: Config): Record<string, unknown> {
  const adopted = config.prometheus.source;
  const labels = labelling(adopted);
  const source = { type: 'prometheus', uid: adopted === undefined ? ownUid : sourceUid };
  const selector = labels.selector(profile);
  const label = adopted?.identity ?? 'target';
  const values = {
    selector: [selector, `${label}=~"\${target:regex}"`].filter((part) => part !== '').join(','),
    by: labels.identity(profile).join(', '),
    rate: '$__rate_interval',
    step: '$__interval',
  };
  const expression = (expr: string) => fillIn(expr, values);
  const head = stats(profile, adopted !== undefined);
  const headRows = 4;
  return {
    uid: `vigia-${dashboard.slug}`,
    title: `Vigía: ${dashboard.title.en}`,
    tags: ['vigia'],
    schemaVersion,
    version: profile.version,
    editable: false,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    graphTooltip: 1,
    links: [{ type: 'dashboards', title: 'Vigía', tags: ['vigia'], asDropdown: true, includeVars: false, keepTime: true }],
    templating: { list: [targetVariable(label, presentIn(profile, selector), source)] },
    annotations: { list: [alertAnnotation(profile)] },
    panels: [
      ...head,
      ...dashboard.panels.map((panel, at) => ({
        id: head.length + at + 1,
        ...timeseries(panel, queriesOf(panel, profile), source, expression, bandTargets(panel, profile)),
        gridPos: { x: 12 * (at % 2), y: headRows + 8 * Math.floor(at / 2), w: 12, h: 8 },
      })),
    ],
  };
}

/** A selector of series that every target of the profile has: `up`, but for far sides that may not keep it under these labels. */
const presentIn = (profile: Profile, selector: string): string =>
  (/count_over_time\((\w+)\{/.exec(profile.presence)?.[1] ?? 'up') + (selector === '' ? '' : `{${selector}}`);

function targetVariable(label: string, series: string, datasource: unknown): Record<string, unknown> {
  const query = `label_values(${series}, ${label})`;
  return {
    name: 'target',
    label: 'Target',
    type: 'query',
    datasource,
    definition: query,
    query: { query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    refresh: 2,
    sort: 1,
    multi: false,
    includeAll: false,
    hide: 0,
    regex: '',
    options: [],
    current: {},
  };
}

/** Entities of the chosen target: itself, and `target/…` where the profile tells those apart. */
const entityMatcher = (profile: Profile): string =>
  [`profile=${constant(profile.slug)}`, ...(profile.identity[0] === 'target' ? ['entity=~"${target:regex}(/.*)?"'] : [])].join(',');

function alertAnnotation(profile: Profile): Record<string, unknown> {
  return {
    name: 'Alerts',
    enable: true,
    hide: false,
    iconColor: 'red',
    datasource: own,
    expr: `ALERTS{${entityMatcher(profile)},alertstate="firing"}`,
    titleFormat: '{{alertname}}',
    textFormat: '{{entity}}',
    tagKeys: 'severity,category',
    step: '15s',
    useValueForTime: false,
  };
}

/** Is it there, how unusual is it, does something fire: what Vigía's own page says above the charts. */
function stats(profile: Profile, adopted: boolean): Record<string, unknown>[] {
  const of = entityMatcher(profile);
  const figures = [
    ...(adopted
      ? []
      : [{ title: 'Exporter answers', expr: `min(up{${profile.selector},target=~"\${target:regex}"})`, steps: ['red', 1, 'green'] }]),
    {
      title: 'Anomaly score / threshold',
      expr: `max(vigia_anomaly_score{${of}} / on(profile, job, instance, entity) vigia_anomaly_threshold{${of}})`,
      steps: ['green', 1, 'red'],
    },
    { title: 'Alerts firing', expr: `count(ALERTS{${of},alertstate="firing"}) or vector(0)`, steps: ['green', 1, 'red'] },
  ] as const;
  const w = 24 / figures.length;
  return figures.map(({ title, expr, steps: [below, from, above] }, at) => ({
    id: at + 1,
    type: 'stat',
    title,
    datasource: own,
    gridPos: { x: at * w, y: 0, w, h: 4 },
    targets: [{ refId: 'A', datasource: own, expr, instant: true, range: false }],
    fieldConfig: {
      defaults: {
        unit: 'none',
        color: { mode: 'thresholds' },
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: below, value: null },
            { color: above, value: from },
          ],
        },
      },
      overrides: [],
    },
    options: { colorMode: 'background', graphMode: 'none', reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
  }));
}

/** Names of Vigía's units in Grafana. */
const units: Readonly<Record<Unit, string>> = {
  ratio: 'percentunit',
  bytes: 'bytes',
  bytes_per_second: 'Bps',
  seconds: 's',
  per_second: 'cps',
  count: 'short',
  watts: 'watt',
  amperes: 'amp',
  celsius: 'celsius',
};

/** What was expected of the feature of a panel, as Vigía wrote it down; none where a target is many entities. */
function bandTargets(panel: Panel, profile: Profile): { expr: string; legend: string }[] {
  if (panel.feature === undefined || profile.identity.length > 1) return [];
  const of = `${entityMatcher(profile)},feature=${constant(panel.feature)}`;
  return (['low', 'high'] as const).map((end) => ({ expr: `max(vigia_expected_${end}{${of}})`, legend: expectedLegend(end) }));
}

const expectedLegend = (end: 'low' | 'high'): string => `Expected (${end})`;

/** The two ends without lines, and the range between them filled. */
const bandOverrides = [
  { end: 'low', more: [] },
  {
    end: 'high',
    more: [
      { id: 'custom.fillBelowTo', value: expectedLegend('low') },
      { id: 'custom.fillOpacity', value: 15 },
    ],
  },
].map(({ end, more }) => ({
  matcher: { id: 'byName', options: expectedLegend(end as 'low' | 'high') },
  properties: [{ id: 'custom.lineWidth', value: 0 }, { id: 'color', value: { mode: 'fixed', fixedColor: 'gray' } }, ...more],
}));

function timeseries(
  panel: Panel,
  queries: ReturnType<typeof queriesOf>,
  datasource: { readonly type: string; readonly uid: string },
  expression: (expr: string) => string,
  band: readonly { expr: string; legend: string }[],
): Record<string, unknown> {
  const targets = [
    ...queries.map(({ expr, legend }) => ({ datasource, expr: expression(expr), legendFormat: legend })),
    ...band.map(({ expr, legend }) => ({ datasource: own, expr, legendFormat: legend })),
  ];
  return {
    type: 'timeseries',
    title: panel.title.en,
    // What was expected lies with Vigía, also where the samples lie elsewhere.
    datasource: band.length > 0 && datasource.uid !== own.uid ? { type: 'datasource', uid: '-- Mixed --' } : datasource,
    targets: targets.map((target, at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      ...target,
      range: true,
      instant: false,
    })),
    fieldConfig: {
      defaults: {
        unit: units[panel.unit],
        ...(panel.min === undefined ? {} : { min: panel.min }),
        ...(panel.max === undefined ? {} : { max: panel.max }),
        // A hole stays a hole.
        custom: { drawStyle: 'line', lineWidth: 1, fillOpacity: 8, spanNulls: false, showPoints: 'never' },
      },
      overrides: band.length === 0 ? [] : bandOverrides,
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: ['lastNotNull'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}
