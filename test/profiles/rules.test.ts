import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ruleFiles, ruleSpecs } from '../../src/server/derive/rules.ts';
import { scrapeOf } from '../../src/server/discovery.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { run } from '../../src/tools/run.ts';
import { rules, target } from '../derive/house.ts';
import { scratch, write } from '../stand-ins/real.ts';

const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function promtool(files: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, files);
  const { exitCode, stdout, stderr } = await run({ file: 'promtool', args, cwd: dir }, { timeoutMs: 60_000, maxBytes: 100_000 });
  return exitCode === 0 ? 'agrees' : stdout + stderr;
}

/** A house with two targets of every profile, each pair a group. */
const everything = rules({
  profiles: [...profiles.values()],
  targets: [...profiles.keys()].flatMap((slug) =>
    ['a', 'b'].map((name) => target(`${slug}-${name}`, { profile: slug, labels: { group: slug } })),
  ),
});

test('promtool agrees with the rules of a house with targets of every profile', async () => {
  const files = ruleFiles(everything);
  expect(await promtool(files, 'check', 'rules', '--lint-fatal', ...Object.keys(files))).toBe('agrees');
});

test('alerts are called after what they are about', () => {
  const names = (slug: string) => [...new Set(ruleSpecs(everything).flatMap((spec) => (spec.profile === slug ? [spec.name] : [])))];
  expect(names('windows-host')).toEqual(['VigiaAnomaly', 'HostDown', 'HostMissing', 'CpuDifference', 'MemoryDifference', 'DiskAlmostFull']);
  expect(names('energy-device')).toEqual(['VigiaAnomaly', 'DeviceDown', 'DeviceMissing']);
  expect(names('redis')).toEqual(['VigiaAnomaly', 'ServiceDown', 'ServiceMissing', 'MemoryDifference', 'ServiceUnavailable']);
  expect(names('ping')).toEqual(['VigiaAnomaly', 'ServiceDown', 'ServiceMissing', 'ServiceUnavailable']);
  expect(names('http-endpoint')).toContain('CertificateExpires');
  expect(names('container')).toEqual(['VigiaAnomaly', 'EngineDown', 'EngineMissing', 'ContainerMemoryHigh', 'ContainerCpuHigh']);
});

test('a web address that does not answer is critical after a minute, a certificate a warning 14 days before its end', async () => {
  const labels = (id: string) => `target="${id}",profile="http-endpoint",job="http-endpoint",instance="${id}:443"`;
  const series = [
    { series: `probe_success{${labels('good')}}`, values: '1x60' },
    { series: `probe_success{${labels('bad')}}`, values: '1x8 0x60' },
    { series: `probe_ssl_earliest_cert_expiry{${labels('good')}}`, values: `${15 * 86_400}x60` },
    { series: `probe_ssl_earliest_cert_expiry{${labels('bad')}}`, values: `${13 * 86_400}x60` },
  ];
  const spec = (name: string) => ruleSpecs(everything).find((each) => each.name === name && each.profile === 'http-endpoint');
  const alert = (name: string, details: string) => ({
    exp_labels: {
      ...spec(name)?.labels,
      entity: 'bad',
      target: 'bad',
      profile: 'http-endpoint',
      job: 'http-endpoint',
      instance: 'bad:443',
    },
    exp_annotations: {
      ...spec(name)?.annotations,
      title: spec(name)?.annotations['title']?.replace('{{ $labels.target }}', 'bad'),
      summary: `${spec(name)?.annotations['title']?.replace('{{ $labels.target }}', 'bad')}. ${details}`,
      details,
      url: 'https://vigia.example/base/go/incident?profile=http-endpoint&entity=bad',
    },
  });
  const files = ruleFiles(everything);
  const suite = {
    rule_files: Object.keys(files),
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: series,
        alert_rule_test: [
          { eval_time: '3m', alertname: 'ServiceUnavailable', exp_alerts: [] },
          {
            eval_time: '4m',
            alertname: 'ServiceUnavailable',
            exp_alerts: [alert('ServiceUnavailable', 'Its exporter works, and says that bad:443 does not answer as it should.')],
          },
          {
            eval_time: '6m',
            alertname: 'CertificateExpires',
            exp_alerts: [alert('CertificateExpires', 'It is valid for another 12d 23h 54m 0s.')],
          },
        ],
      },
    ],
  };
  const tests = stringify(suite, { aliasDuplicateObjects: false });
  expect(await promtool({ ...files, 'tests.yml': tests }, 'test', 'rules', 'tests.yml')).toBe('agrees');
});

test('whom a probe is about: a web address by its URL, a ping by its host alone, a switch by its address', () => {
  const exporters = { blackbox: '127.0.0.1:9115', snmp: '10.0.0.9:9116' };
  const of = (slug: string, address: string) =>
    scrapeOf(target('x', { profile: slug, address, scheme: 'https', metricsPath: '/health?deep=1' }), profiles.get(slug), exporters);
  expect(of('http-endpoint', 'example.org:443')).toEqual({
    scheme: 'http',
    address: '127.0.0.1:9115',
    path: '/probe',
    params: { target: 'https://example.org:443/health?deep=1', module: 'http_2xx' },
  });
  expect(of('ping', '[2001:db8::1]:1').params).toEqual({ target: '2001:db8::1', module: 'icmp' });
  expect(of('snmp-switch', '10.0.0.1:161')).toMatchObject({ address: '10.0.0.9:9116', path: '/snmp', params: { target: '10.0.0.1:161' } });
  expect(of('linux-host', 'h:9100')).toEqual({ scheme: 'https', address: 'h:9100', path: '/health?deep=1', params: {} });
});
