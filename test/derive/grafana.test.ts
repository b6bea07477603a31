import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { configSchema } from '../../src/model/config.ts';
import type { Profile } from '../../src/model/profile.ts';
import { grafanaFiles } from '../../src/server/derive/grafana.ts';
import { queriesOf } from '../../src/server/panels.ts';
import { bind, loadProfiles } from '../../src/server/profiles.ts';
import { bindingOfTarget, type Source } from '../../src/server/reader.ts';
import { labelling } from '../../src/server/source.ts';

const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
const config = (source?: Record<string, unknown>) => configSchema.parse(source === undefined ? {} : { prometheus: { source } });
const filesOf = (source?: Record<string, unknown>) => grafanaFiles({ config: config(source), profiles, dashboardsDir: '/out/dashboards' });

/** What Grafana reads of a dashboard of schema version 39, as far as we write it: a key that it does not know is a mistake of ours. */
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.enum(['vigia', 'vigia-source']) });
const gridPos = z.strictObject({
  x: z.number().int().min(0).max(23),
  y: z.number().int().min(0),
  w: z.number().int().min(1).max(24),
  h: z.number().int().min(1),
});
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1).optional(),
  range: z.boolean(),
  instant: z.boolean(),
});
const common = { id: z.number().int().min(1), title: z.string().min(1), datasource, gridPos, targets: z.array(target).min(1) };
const fieldConfig = (defaults: z.ZodType) => z.strictObject({ defaults, overrides: z.tuple([]) });
const stat = z.strictObject({
  ...common,
  type: z.literal('stat'),
  fieldConfig: fieldConfig(
    z.strictObject({
      unit: z.literal('none'),
      color: z.strictObject({ mode: z.literal('thresholds') }),
      thresholds: z.strictObject({
        mode: z.literal('absolute'),
        // The first step begins at minus infinity, which JSON writes as null.
        steps: z.tuple([z.strictObject({ color: z.string(), value: z.null() }), z.strictObject({ color: z.string(), value: z.number() })]),
      }),
    }),
  ),
  options: z.strictObject({
    colorMode: z.enum(['none', 'value', 'background']),
    graphMode: z.enum(['none', 'area']),
    reduceOptions: z.strictObject({ calcs: z.array(z.literal('lastNotNull')), fields: z.literal(''), values: z.literal(false) }),
  }),
});
const units = ['percentunit', 'bytes', 'Bps', 's', 'cps', 'short', 'watt', 'amp', 'celsius'] as const;
const mixed = z.strictObject({ type: z.literal('datasource'), uid: z.literal('-- Mixed --') });
const property = z.discriminatedUnion('id', [
  z.strictObject({ id: z.literal('custom.lineWidth'), value: z.number() }),
  z.strictObject({ id: z.literal('custom.fillOpacity'), value: z.number().max(100) }),
  z.strictObject({ id: z.literal('custom.fillBelowTo'), value: z.string() }),
  z.strictObject({ id: z.literal('color'), value: z.strictObject({ mode: z.literal('fixed'), fixedColor: z.string() }) }),
]);
const timeseries = z.strictObject({
  ...common,
  datasource: z.union([datasource, mixed]),
  type: z.literal('timeseries'),
  fieldConfig: z.strictObject({
    overrides: z.array(
      z.strictObject({ matcher: z.strictObject({ id: z.literal('byName'), options: z.string() }), properties: z.array(property) }),
    ),
    defaults: z.strictObject({
      unit: z.enum(units),
      min: z.number().optional(),
      max: z.number().optional(),
      custom: z.strictObject({
        drawStyle: z.enum(['line', 'bars', 'points']),
        lineWidth: z.number(),
        fillOpacity: z.number().max(100),
        spanNulls: z.boolean(),
        showPoints: z.enum(['auto', 'never', 'always']),
      }),
    }),
  }),
  options: z.strictObject({
    legend: z.strictObject({
      displayMode: z.enum(['list', 'table', 'hidden']),
      placement: z.enum(['bottom', 'right']),
      showLegend: z.boolean(),
      calcs: z.array(z.string()),
    }),
    tooltip: z.strictObject({ mode: z.enum(['single', 'multi', 'none']), sort: z.enum(['none', 'asc', 'desc']) }),
  }),
});
const dashboardSchema = z.strictObject({
  uid: z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/),
  title: z.string().min(1),
  tags: z.array(z.string()),
  schemaVersion: z.literal(39),
  version: z.number().int(),
  editable: z.boolean(),
  timezone: z.enum(['browser', 'utc', '']),
  refresh: z.string().regex(/^\d+[smh]$/),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  graphTooltip: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  links: z.array(
    z.strictObject({
      type: z.literal('dashboards'),
      title: z.string(),
      tags: z.array(z.string()),
      asDropdown: z.boolean(),
      includeVars: z.boolean(),
      keepTime: z.boolean(),
    }),
  ),
  templating: z.strictObject({
    list: z.tuple([
      z.strictObject({
        name: z.literal('target'),
        label: z.string(),
        type: z.literal('query'),
        datasource,
        definition: z.string(),
        query: z.strictObject({ query: z.string(), refId: z.string() }),
        refresh: z.union([z.literal(1), z.literal(2)]),
        sort: z.number().int(),
        multi: z.boolean(),
        includeAll: z.boolean(),
        hide: z.literal(0),
        regex: z.string(),
        options: z.tuple([]),
        current: z.strictObject({}),
      }),
    ]),
  }),
  annotations: z.strictObject({
    list: z.tuple([
      z.strictObject({
        name: z.string(),
        enable: z.boolean(),
        hide: z.boolean(),
        iconColor: z.string(),
        datasource,
        expr: z.string(),
        titleFormat: z.string(),
        textFormat: z.string(),
        tagKeys: z.string(),
        step: z.string(),
        useValueForTime: z.boolean(),
      }),
    ]),
  }),
  panels: z.array(z.discriminatedUnion('type', [stat, timeseries])),
});
type Printed = z.infer<typeof dashboardSchema>;
const printed = (files: Record<string, string>, slug: string): Printed =>
  dashboardSchema.parse(JSON.parse(files[`dashboards/${slug}.json`] ?? 'null'));

const adopted = {
  url: 'https://prometheus.example.org',
  username: 'reader',
  password: 'source-secret',
  headers: { 'X-Key': 'header-secret' },
  tenant: 'ho$me',
  selectors: { 'linux-host': 'job="node"' },
};

describe.each([
  ['own Prometheus', undefined],
  ['adopted source', adopted],
])('%s', (_, source) => {
  const files = filesOf(source);

  test.each(dashboards.map((dashboard) => dashboard.slug))('%s is what Grafana reads', (slug) => {
    const { panels, uid } = printed(files, slug);
    expect(uid).toBe(`vigia-${slug}`);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (__, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size, 'panels that cover one another').toBe(cells.length);
  });

  test.each(dashboards.map((dashboard) => [dashboard.slug, dashboard] as const))('%s asks what the page asks', (slug, dashboard) => {
    const profile = profiles.get(dashboard.profile) as Profile;
    const labels = labelling(config(source).prometheus.source);
    const place = { stepMs: 15_000, rateMs: 60_000, ...labels } as Source;
    // On an adopted source an entity of several labels names itself whole; a dashboard's variable is a target.
    const page = bindingOfTarget(place, profile, 'web1');
    const selector = page.selector.replace(/\btarget=~"web1"$/, `${source === undefined ? 'target' : 'instance'}=~"web1"`);
    const asked = dashboard.panels.flatMap((panel) =>
      queriesOf(panel, profile).map(({ expr, legend }) => [bind(expr, { ...page, selector }), legend]),
    );
    const charts = printed(files, slug).panels.filter((panel) => panel.type === 'timeseries');
    expect(charts.map(({ title }) => title)).toEqual(dashboard.panels.map(({ title }) => title.en));
    const told = charts.flatMap(({ targets }) =>
      targets
        .filter(({ expr }) => !expr.includes('vigia_expected_'))
        .map(({ expr, legendFormat }) => [expr.replaceAll('${target:regex}', 'web1').replaceAll('$__rate_interval', '1m'), legendFormat]),
    );
    expect(told).toEqual(asked);
    // Of a feature it draws what was expected too: both ends, from Vigía's own Prometheus, where a target is one entity.
    for (const [at, { targets, datasource: from, fieldConfig: fields }] of charts.entries()) {
      const feature = dashboard.panels[at]?.feature;
      const ends = targets.filter(({ expr }) => expr.includes('vigia_expected_'));
      const wanted = feature === undefined || profile.identity.length > 1 ? [] : ['low', 'high'];
      expect(ends.map(({ expr, datasource: { uid } }) => [expr, uid])).toEqual(
        wanted.map((end) => [
          `max(vigia_expected_${end}{profile="${profile.slug}",entity=~"\${target:regex}(/.*)?",feature="${feature}"})`,
          'vigia',
        ]),
      );
      expect(fields.overrides.map(({ matcher: { options } }) => options)).toEqual(ends.map(({ legendFormat }) => legendFormat));
      expect(from.uid).toBe(source === undefined ? 'vigia' : ends.length > 0 ? '-- Mixed --' : 'vigia-source');
    }
    // What label_replace takes out of a match is no variable: their names begin with a letter.
    expect(JSON.stringify(told)).not.toMatch(/\$(?!1)/);
  });

  test('the data sources have the names that dashboards use, and hold no secret', () => {
    const { datasources } = parse(files['provisioning/datasources/vigia.yml'] ?? '') as { datasources: { uid: string }[] };
    const known = new Set(datasources.map(({ uid }) => uid));
    const used = new Set(Object.values(files).flatMap((text) => [...text.matchAll(/"uid": "(vigia(?:-source)?)"/g)].map(([, uid]) => uid)));
    expect([...used].filter((uid) => !known.has(uid ?? ''))).toEqual([]);
    expect(JSON.stringify(files)).not.toContain('secret"');
    expect(JSON.stringify(files)).not.toMatch(/source-secret|header-secret/);
  });
});

test('provisioning finds the dashboards', () => {
  const provider = parse(filesOf()['provisioning/dashboards/vigia.yml'] ?? '') as unknown;
  expect(provider).toMatchObject({ apiVersion: 1, providers: [{ type: 'file', options: { path: '/out/dashboards' } }] });
});

test('an adopted source is asked as Vigía asks it: user, tenant and headers, and a "$" of theirs is no variable', () => {
  const { datasources } = parse(filesOf(adopted)['provisioning/datasources/vigia.yml'] ?? '') as { datasources: unknown[] };
  expect(datasources[1]).toMatchObject({
    url: 'https://prometheus.example.org',
    basicAuthUser: 'reader',
    jsonData: { httpHeaderName1: 'X-Key', httpHeaderName2: 'X-Scope-OrgID' },
    secureJsonData: { basicAuthPassword: '$VIGIA_SOURCE_PASSWORD', httpHeaderValue1: '$VIGIA_SOURCE_HEADER_1', httpHeaderValue2: 'ho$$me' },
  });
});
