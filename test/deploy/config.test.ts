import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/server/config.ts';
import { grafanaDatasources } from '../../src/server/derive/grafana-datasources.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';

/** The files below deploy/config and deploy/targets, which compose.yml and the Kubernetes manifests share. */
const root = join(import.meta.dirname, '..', '..');
const deploy = join(root, 'deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

describe('the configuration that compose.yml mounts', () => {
  const { services } = parse(read('compose.yml'), { merge: true }) as { services: Record<string, { environment: Record<string, string> }> };
  const environment = services['vigia']?.environment ?? {};

  /** As in the container, with the secrets in another folder. */
  function vigiaConfig(dir: string) {
    write(dir, { 'influxdb-token': 'the token' });
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace('/run/secrets', dir).replace(/^\$\{\w+:-(.*)\}$/, (_, fallback: string) => fallback),
      ]),
    );
    return loadConfig({ file: join(deploy, 'config/vigia/vigia.yml'), env }).config;
  }

  test('is what Vigía takes, with the archive from the environment', () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const config = vigiaConfig(dir);
    expect(config.prometheus.source?.url).toBe('http://prometheus:9090');
    expect(config.archive).toMatchObject({ url: 'http://influxdb:8086', version: 2, token: 'the token', rules: [{ every: '1m' }] });
    expect(config.server.publicUrl).toBe('http://127.0.0.1:8080');
    expect(config.parts.nodeExporter).toBe(false);
  });

  test('selects jobs that its Prometheus has, of profiles that there are', () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const jobs = ['prometheus.yml', 'kubernetes.yml'].flatMap((file) => jobNames(read(`config/prometheus/${file}`)));
    for (const [profile, selector] of Object.entries(vigiaConfig(dir).prometheus.source?.selectors ?? {})) {
      expect(existsSync(join(root, 'profiles', `${profile}.yml`))).toBe(true);
      const [, name = ''] = /^job=~?"(.+)"$/.exec(selector) ?? [];
      expect({ profile, unknown: name.split('|').filter((job) => !jobs.includes(job)) }).toEqual({ profile, unknown: [] });
    }
  });

  test('gives Grafana every variable that its data sources want', () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const wanted = JSON.stringify(grafanaDatasources(vigiaConfig(dir))).match(/\$VIGIA_\w+/g) ?? [];
    const given = services['grafana']?.environment ?? {};
    expect(wanted.length).toBeGreaterThan(1);
    expect(wanted.filter((name) => given[name.slice(1)] === undefined)).toEqual([]);
  });

  /** The names of jobs, and those that targets get by relabelling. */
  function jobNames(text: string): string[] {
    const { scrape_configs: jobs } = parse(text) as {
      scrape_configs: { job_name: string; relabel_configs?: { target_label?: string; replacement?: string }[] }[];
    };
    return jobs.flatMap(({ job_name: name, relabel_configs: relabel = [] }) => [
      name,
      ...relabel.filter((rule) => rule.target_label === 'job').map((rule) => rule.replacement ?? ''),
    ]);
  }

  test('is taken by promtool and amtool', async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    // What Debian's release of Prometheus does not know yet: a list of further files, of which compose.yml mounts none.
    const prometheus = read('config/prometheus/prometheus.yml').replace(/^scrape_config_files:.*$/m, '');
    const targets = Object.fromEntries(
      ['hosts', 'windows', 'containers'].map((name) => [`targets/${name}.yml`, read(`targets/${name}.yml`)]),
    );
    write(dir, {
      'prometheus.yml': prometheus.replace('/run/secrets/vigia/metrics-token', join(dir, 'token')),
      token: 'the token',
      'rules.yml': read('config/prometheus/rules.yml'),
      ...targets,
      'alertmanager.yml': read('config/alertmanager/alertmanager.yml'),
    });
    const limits = { timeoutMs: 60_000, maxBytes: 100_000 };
    const checked = await run({ file: 'promtool', args: ['check', 'config', 'prometheus.yml'], cwd: dir }, limits);
    expect({ code: checked.exitCode, said: checked.stderr }).toEqual({ code: 0, said: '' });
    const amtool = await run({ file: 'amtool', args: ['check-config', join(dir, 'alertmanager.yml')] }, limits);
    expect(amtool).toMatchObject({ exitCode: 0 });
  });

  test('has rules that fire when they should, and only then', async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    write(dir, { 'rules.yml': read('config/prometheus/rules.yml'), 'tests.yml': ruleTests });
    const result = await run(
      { file: 'promtool', args: ['test', 'rules', 'tests.yml'], cwd: dir },
      { timeoutMs: 60_000, maxBytes: 100_000 },
    );
    expect({ code: result.exitCode, said: result.exitCode === 0 ? '' : result.stdout + result.stderr }).toEqual({ code: 0, said: '' });
  });
});

const ruleTests = `
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - { series: 'up{job="linux-host",instance="web1"}', values: '1x20 0x40' }
      - { series: 'up{job="vigia",instance="vigia"}', values: '1x60' }
      - { series: 'node_filesystem_avail_bytes{job="linux-host",instance="web1",mountpoint="/",fstype="ext4"}', values: '5x60' }
      - { series: 'node_filesystem_size_bytes{job="linux-host",instance="web1",mountpoint="/",fstype="ext4"}', values: '100x60' }
    alert_rule_test:
      - { alertname: HostDown, eval_time: 4m, exp_alerts: [] }
      - alertname: HostDown
        eval_time: 8m
        exp_alerts:
          - exp_labels: { job: linux-host, instance: web1, severity: critical, category: availability }
            exp_annotations: { summary: "web1 is down: its exporter does not answer" }
      - alertname: DiskAlmostFull
        eval_time: 6m
        exp_alerts:
          - exp_labels: { instance: web1, mountpoint: /, severity: warning, category: disk }
            exp_annotations: { summary: "web1: / is 95% full" }
      - { alertname: VigiaDown, eval_time: 10m, exp_alerts: [] }
  - interval: 15s
    input_series:
      - { series: 'container_memory_working_set_bytes{job="container",instance="web1",name="full"}', values: '80x60' }
      - { series: 'container_spec_memory_limit_bytes{job="container",instance="web1",name="full"}', values: '100x60' }
      - { series: 'container_memory_working_set_bytes{job="container",instance="web1",name="free"}', values: '80x60' }
      - { series: 'container_spec_memory_limit_bytes{job="container",instance="web1",name="free"}', values: '0x60' }
      - { series: 'container_cpu_usage_seconds_total{job="container",instance="web1",name="full"}', values: '0+6.75x60' }
      - { series: 'container_spec_cpu_quota{job="container",instance="web1",name="full"}', values: '50000x60' }
      - { series: 'container_spec_cpu_period{job="container",instance="web1",name="full"}', values: '100000x60' }
      - { series: 'container_cpu_usage_seconds_total{job="container",instance="web1",name="free"}', values: '0+6.75x60' }
      - { series: 'container_start_time_seconds{job="container",instance="web1",name="full"}', values: '1000x60' }
      - { series: 'container_start_time_seconds{job="container",instance="web1",name="free"}', values: '1000x60' }
      - { series: 'container_start_time_seconds{job="container",instance="web1",name="gone"}', values: '1000x20 stale' }
      - { series: 'up{job="container",instance="web1"}', values: '1x60' }
    alert_rule_test:
      - alertname: ContainerMemoryHigh
        eval_time: 5m
        exp_alerts:
          - exp_labels: { instance: web1, name: full, severity: warning, category: memory }
            exp_annotations: { summary: "Container full on web1 uses 80% of its memory limit" }
      # 0.45 cores: of a limit of half a core it is much, of a whole core it is not.
      - alertname: ContainerCpuHigh
        eval_time: 5m
        exp_alerts:
          - exp_labels: { instance: web1, name: full, severity: warning, category: cpu }
            exp_annotations: { summary: "Container full on web1 uses 90% of the CPU it may use" }
      - { alertname: ContainerDown, eval_time: 5m, exp_alerts: [] }
      - alertname: ContainerDown
        eval_time: 7m
        exp_alerts:
          - exp_labels: { instance: web1, name: gone, severity: critical, category: availability }
            exp_annotations: { summary: "Container gone on web1 is gone" }
`;
