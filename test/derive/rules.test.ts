import { assert, constantFrom, property, string, tuple } from 'fast-check';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RuleInput, ruleFiles, ruleSpecs } from '../../src/server/derive/rules.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';
import { hostile, profile, rules, target } from './house.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

interface Verdict {
  readonly exitCode: number | null;
  /** What it complained about. */
  readonly output: string;
}

const agreed: Verdict = { exitCode: 0, output: '' };

async function promtool(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Verdict> {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, files);
  const { exitCode, stdout, stderr } = await run({ file: 'promtool', args, cwd: dir }, { timeoutMs: 60_000, maxBytes: 100_000 });
  return { exitCode, output: exitCode === 0 ? '' : stdout + stderr };
}

const check = (files: Readonly<Record<string, string>>): Promise<Verdict> =>
  promtool(files, 'check', 'rules', '--lint-fatal', ...Object.keys(files));

/** Runs promtool's unit tests: rules against series. */
async function unit(input: RuleInput, tests: readonly Record<string, unknown>[]): Promise<void> {
  const files = ruleFiles(input);
  const suite = { rule_files: Object.keys(files), evaluation_interval: '15s', tests: tests.map((each) => ({ interval: '15s', ...each })) };
  const result = await promtool(
    { ...files, 'tests.yml': stringify(suite, { aliasDuplicateObjects: false }) },
    'test',
    'rules',
    'tests.yml',
  );
  expect(result).toEqual(agreed);
}

const pair = [target('web1', { labels: { group: 'web' } }), target('web2', { labels: { group: 'web' } })];
const labelsOf = (id: string): string => `target="${id}",profile="linux-host",job="linux-host",instance="${id}:9100"`;
const link = (entity: string): string => `https://vigia.example/base/go/incident?profile=linux-host&entity=${entity}`;

test('promtool agrees with the rules of every kind of house', async () => {
  for (const targets of [[], [target('web1')], pair, [...pair, target('db1', { labels: { group: 'db' } })]]) {
    expect(await check(ruleFiles(rules({ targets })))).toEqual(agreed);
  }
  expect(await check(ruleFiles(rules({ profiles: [] })))).toEqual(agreed);
});

test('every rule says severity, category, what it watches and where to look', () => {
  const specs = ruleSpecs(rules({ targets: pair }));
  expect(specs.map((spec) => spec.name)).toEqual([
    'VigiaAnomaly',
    'HostDown',
    'HostMissing',
    'HostMissing',
    'CpuDifference',
    'MemoryDifference',
    'DiskAlmostFull',
    'VigiaDown',
    'VigiaScoresOld',
  ]);
  for (const spec of specs) {
    expect(spec.labels).toMatchObject({ severity: spec.severity, category: spec.category });
    expect(Object.keys(spec.annotations)).toEqual(expect.arrayContaining(['title', 'summary', 'url']));
    expect(spec.title).not.toBe('');
  }
});

test('rules of a group exist where a group has two members that are watched', () => {
  const names = (targets: RuleInput['targets']): string[] => ruleSpecs(rules({ targets })).map((spec) => spec.name);
  expect(names(pair)).toContain('CpuDifference');
  expect(names([target('web1', { labels: { group: 'web' } }), target('db1', { labels: { group: 'db' } })])).not.toContain('CpuDifference');
  expect(names([pair[0]!, { ...pair[1]!, enabled: false }])).not.toContain('CpuDifference');
  expect(names([])).toEqual(['VigiaAnomaly', 'VigiaDown', 'VigiaScoresOld']);
});

describe('promtool unit tests', () => {
  const difference = (first: string, second: string, metric: string): Record<string, unknown>[] => [
    { series: `${metric}{${labelsOf('web1')},group="web"}`, values: `${first}x20` },
    { series: `${metric}{${labelsOf('web2')},group="web"}`, values: `${second}x20` },
  ];

  test.each([
    ['CpuDifference', 'cpu_ratio', 'CPU', 'cpu'],
    ['MemoryDifference', 'memory_ratio', 'Memory', 'memory'],
  ])('P28 %s is silent at 19 points and critical at 21', async (alertname, metric, what, category) => {
    const details = `${what} use is 21 points above the lowest of the group web.`;
    const firing = {
      exp_labels: {
        severity: 'critical',
        category,
        entity: 'web2',
        group: 'web',
        target: 'web2',
        profile: 'linux-host',
        job: 'linux-host',
        instance: 'web2:9100',
      },
      exp_annotations: {
        title: 'host web2 differs from its group',
        summary: `host web2 differs from its group. ${details}`,
        details,
        url: link('web2'),
      },
    };
    await unit(rules({ targets: pair }), [
      { name: '19', input_series: difference('0.30', '0.49', metric), alert_rule_test: [{ eval_time: '3m', alertname, exp_alerts: [] }] },
      {
        name: '21',
        input_series: difference('0.30', '0.51', metric),
        alert_rule_test: [{ eval_time: '3m', alertname, exp_alerts: [firing] }],
      },
      {
        name: 'soon',
        input_series: difference('0.30', '0.51', metric),
        alert_rule_test: [{ eval_time: '45s', alertname, exp_alerts: [] }],
      },
    ]);
  });

  test('P29 HostDown after a minute, HostMissing when nobody scrapes', async () => {
    const details = 'Its exporter at web1:9100 does not answer.';
    const common = { severity: 'critical', category: 'availability', profile: 'linux-host', job: 'linux-host' };
    const down = {
      exp_labels: { ...common, entity: 'web1', target: 'web1', instance: 'web1:9100' },
      exp_annotations: { title: 'host web1 is down', summary: `host web1 is down. ${details}`, details, url: link('web1') },
    };
    const why = 'It is in the inventory, but Prometheus does not scrape it.';
    const missing = {
      exp_labels: { ...common, entity: 'web2', target: 'web2', instance: 'web2:9100' },
      exp_annotations: { title: 'host web2 is not watched', summary: `host web2 is not watched. ${why}`, details: why, url: link('web2') },
    };
    const input_series = [{ series: `up{${labelsOf('web1')}}`, values: '1x4 0x20' }];
    await unit(rules({ targets: pair }), [
      {
        input_series,
        alert_rule_test: [
          { eval_time: '1m45s', alertname: 'HostDown', exp_alerts: [] },
          { eval_time: '2m15s', alertname: 'HostDown', exp_alerts: [down] },
          { eval_time: '2m15s', alertname: 'HostMissing', exp_alerts: [missing] },
        ],
      },
    ]);
  });

  test('VigiaAnomaly fires after two steps, names the features, and goes on firing for a while', async () => {
    const identity = 'profile="linux-host",job="linux-host",instance="web1:9100",entity="web1"';
    const feature = (metric: string, name: string, unit: string, value: string): Record<string, string> => ({
      series: `vigia_anomaly_${metric}{${identity},feature="${name}",unit="${unit}"}`,
      values: `_x4 ${value}x3 stale`,
    });
    const cpu = 'CPU busy 97 % (expected 2 % to 15 %)';
    const network = 'Network in 3MiB/s (expected 0B/s to 1.5kiB/s)';
    const firing = {
      exp_labels: {
        severity: 'warning',
        category: 'anomaly',
        profile: 'linux-host',
        job: 'linux-host',
        instance: 'web1:9100',
        entity: 'web1',
      },
      exp_annotations: {
        title: 'host web1 behaves abnormally',
        summary: `web1 behaves abnormally: ${cpu}, ${network}`,
        details: `${cpu}\n${network}`,
        url: link('web1'),
      },
    };
    await unit(rules(), [
      {
        // Above the threshold in the steps of 60 s to 105 s.
        input_series: [
          { series: `vigia_anomaly_score{${identity}}`, values: '0.4x3 0.9x3 0.4x40' },
          { series: `vigia_anomaly_threshold{${identity}}`, values: '0.6x46' },
          feature('contribution', 'network_receive', 'bytes_per_second', '0.3'),
          feature('contribution', 'cpu', 'ratio', '0.6'),
          feature('contribution', 'memory', 'ratio', '0.05'),
          feature('value', 'cpu', 'ratio', '0.971'),
          feature('expected_low', 'cpu', 'ratio', '0.0204'),
          feature('expected_high', 'cpu', 'ratio', '0.149'),
          feature('value', 'network_receive', 'bytes_per_second', '3145728'),
          feature('expected_low', 'network_receive', 'bytes_per_second', '0'),
          feature('expected_high', 'network_receive', 'bytes_per_second', '1536'),
        ],
        alert_rule_test: [
          { eval_time: '1m', alertname: 'VigiaAnomaly', exp_alerts: [] },
          { eval_time: '1m15s', alertname: 'VigiaAnomaly', exp_alerts: [firing] },
          { eval_time: '3m30s', alertname: 'VigiaAnomaly', exp_alerts: [firing] },
          { eval_time: '4m15s', alertname: 'VigiaAnomaly', exp_alerts: [] },
        ],
      },
      {
        name: 'a single step',
        input_series: [
          { series: `vigia_anomaly_score{${identity}}`, values: '0.4x3 0.9 0.4x20' },
          { series: `vigia_anomaly_threshold{${identity}}`, values: '0.6x30' },
        ],
        alert_rule_test: ['1m', '1m15s', '1m30s', '2m'].map((eval_time) => ({ eval_time, alertname: 'VigiaAnomaly', exp_alerts: [] })),
      },
    ]);
  });

  test('watchdogs over Vigía itself: it does not answer, or answers and does not score', async () => {
    const ticks = { series: 'vigia_ticks_total{job="vigia",instance="vigia"}', values: '0+1x40 40x40' };
    const names = (alertname: string, eval_time: string): Record<string, unknown> => {
      const spec = ruleSpecs(rules()).find((each) => each.name === alertname);
      return { eval_time, alertname, exp_alerts: [{ exp_labels: spec?.labels, exp_annotations: spec?.annotations }] };
    };
    const silent = (alertname: string, eval_time: string): Record<string, unknown> => ({ eval_time, alertname, exp_alerts: [] });
    await unit(rules(), [
      {
        input_series: [ticks, { series: 'up{job="vigia",instance="vigia"}', values: '1x80' }],
        alert_rule_test: [
          silent('VigiaScoresOld', '10m'),
          silent('VigiaScoresOld', '15m'),
          names('VigiaScoresOld', '17m'),
          silent('VigiaDown', '17m'),
        ],
      },
      {
        input_series: [{ series: 'up{job="vigia",instance="vigia"}', values: '1x10 0x20' }],
        alert_rule_test: [silent('VigiaDown', '4m'), names('VigiaDown', '5m'), silent('VigiaScoresOld', '5m')],
      },
      { input_series: [], alert_rule_test: [silent('VigiaDown', '1m'), names('VigiaDown', '2m')] },
    ]);
  });

  test('a watchdog over the archive, where there is one', async () => {
    const archive = { archive: true };
    const alertname = 'VigiaArchiveFailing';
    expect(ruleSpecs(rules()).map((each) => each.name)).not.toContain(alertname);
    const spec = ruleSpecs(rules(archive)).find((each) => each.name === alertname);
    const firing = { exp_labels: spec?.labels, exp_annotations: spec?.annotations };
    const up = { series: 'up{job="vigia",instance="vigia"}', values: '1x600' };
    const rule = (name: string, values: string) => ({
      series: `vigia_archive_failing{job="vigia",instance="vigia",rule="${name}"}`,
      values,
    });
    await unit(rules(archive), [
      {
        input_series: [up, rule('a', '0x600'), rule('b', '1x300')],
        alert_rule_test: [
          { eval_time: '30m', alertname, exp_alerts: [] },
          { eval_time: '61m', alertname, exp_alerts: [firing] },
        ],
      },
      { input_series: [up, rule('a', '0x600')], alert_rule_test: [{ eval_time: '61m', alertname, exp_alerts: [] }] },
    ]);
  });
});

test('hostile names, labels and titles break neither YAML nor PromQL nor templates', async () => {
  const hosts = hostile.map((text, index) =>
    target(text.slice(0, 64), { address: `h${index}:1`, labels: { group: hostile[index >> 1] ?? text, role: text } }),
  );
  const features = profile.features.map((feature, index) => ({
    ...feature,
    title: { en: hostile.slice(index * 5, index * 5 + 5).join(''), es: '' },
  }));
  const files = ruleFiles(rules({ profiles: [{ ...profile, features }], targets: hosts, publicUrl: 'https://x.example/{{ .Labels }}"\n' }));
  expect(await check(files)).toEqual(agreed);
});

test('law: what is printed is what was meant', () => {
  assert(
    property(tuple(string({ unit: 'grapheme' }), constantFrom(...hostile)), ([text, bad]) => {
      const input = rules({ targets: [target('a', { address: `${text}${bad}`, labels: { group: `${bad}${text}` } })] });
      const file = parse(ruleFiles(input)[join('vigia-targets.yml')] ?? '') as { groups: { rules: { expr: string }[] }[] };
      expect(file.groups[0]?.rules.map((rule) => rule.expr)).toEqual(
        ruleSpecs(input)
          .filter((spec) => spec.profile === 'linux-host' && spec.category !== 'anomaly')
          .map((spec) => spec.expr),
      );
    }),
    { numRuns: 50 },
  );
});
