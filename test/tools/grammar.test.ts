import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as alertmanager from '../../src/tools/alertmanager.ts';
import { absolutePath, goDuration, integer, labelArgument, loopbackAddress, oneOf } from '../../src/tools/grammar.ts';
import { nodeExporterCommand } from '../../src/tools/node-exporter.ts';
import * as prometheus from '../../src/tools/prometheus.ts';
import { stressCommand } from '../../src/tools/stress-ng.ts';

const tool = { file: '/usr/bin/true', env: {} };
const listen = { host: '127.0.0.1', port: 29_090 };

describe('values', () => {
  test('a duration says exactly the given milliseconds, in the largest unit', () => {
    const unit: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (ms) => {
        const [, count, name] = /^(\d+)(h|m|s|ms)$/.exec(goDuration(ms)) ?? [];
        expect(Number(count) * (unit[name ?? ''] ?? Number.NaN)).toBe(ms);
      }),
    );
    expect([goDuration(90 * 86_400_000), goDuration(90_000), goDuration(1_500)]).toEqual(['2160h', '90s', '1500ms']);
    for (const wrong of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => goDuration(wrong)).toThrow(RangeError);
  });

  test('a path is absolute or refused, so none can be a flag', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        let path = '/';
        try {
          path = absolutePath(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(path.startsWith('/')).toBe(true);
        expect(path).not.toContain('\0');
      }),
    );
    for (const wrong of ['', 'a', '--config.file', './x', '/a\0b']) expect(() => absolutePath(wrong)).toThrow(RangeError);
  });

  test('children listen on loopback only', () => {
    expect(loopbackAddress(listen)).toBe('127.0.0.1:29090');
    expect(loopbackAddress({ host: '::1', port: 1 })).toBe('[::1]:1');
    for (const host of ['0.0.0.0', '', '::', '10.0.0.1', '127.evil.example', 'localhost']) {
      expect(() => loopbackAddress({ host, port: 80 })).toThrow(/not a loopback address/);
    }
    for (const port of [0, 65_536, 1.5, Number.NaN]) expect(() => loopbackAddress({ host: '127.0.0.1', port })).toThrow(RangeError);
  });

  test('numbers, choices and labels are what they are meant to be', () => {
    expect(integer(3, 1, 3)).toBe('3');
    expect(() => integer(4, 1, 3)).toThrow('4 is not a whole number from 1 to 3');
    expect(oneOf(['a', 'b'], 'b')).toBe('b');
    expect(() => oneOf(['a', 'b'], '--c')).toThrow('"--c" is none of a, b');
    expect(labelArgument('host', 'a "b"')).toBe('host="a \\"b\\""');
    expect(() => labelArgument('--host', 'a')).toThrow(/not a label/);
  });
});

describe('commands', () => {
  test('prometheus', () => {
    const { args } = prometheus.prometheusCommand(tool, {
      configFile: '/data/prometheus.yml',
      storagePath: '/data/tsdb',
      listen,
      webConfigFile: '/data/web.yml',
      retentionTimeMs: 90 * 86_400_000,
      retentionSize: '10GB',
      lookbackDeltaMs: 30_000,
      lifecycle: true,
    });
    expect(args).toEqual([
      '--config.file=/data/prometheus.yml',
      '--storage.tsdb.path=/data/tsdb',
      '--storage.tsdb.retention.time=2160h',
      '--web.listen-address=127.0.0.1:29090',
      '--query.lookback-delta=30s',
      '--log.level=info',
      '--log.format=json',
      '--storage.tsdb.retention.size=10GB',
      '--web.config.file=/data/web.yml',
      '--web.enable-lifecycle',
    ]);
    const base = { configFile: '/c', storagePath: '/s', listen, retentionTimeMs: 1, lookbackDeltaMs: 1 };
    expect(() => prometheus.prometheusCommand(tool, { ...base, retentionSize: '10GB --web.enable-admin-api' })).toThrow(/not a size/);
  });

  test('alertmanager has no cluster port and keeps what it knows', () => {
    const { args } = alertmanager.alertmanagerCommand(tool, {
      configFile: '/a.yml',
      storagePath: '/a',
      listen,
      retentionMs: 432_000_000,
      externalUrl: 'https://vigia.example/x y',
    });
    expect(args).toContain('--cluster.listen-address=');
    expect(args).toContain('--data.maintenance-interval=2s');
    expect(args).toContain('--web.external-url=https://vigia.example/x%20y');
  });

  test('node_exporter starts only what is named', () => {
    const { args } = nodeExporterCommand(tool, { listen });
    expect(args).toContain('--collector.disable-defaults');
    expect(args).toContain('--web.disable-exporter-metrics');
    for (const name of ['cpu', 'diskstats', 'filesystem', 'loadavg', 'meminfo', 'netdev', 'stat', 'time', 'vmstat']) {
      expect(args).toContain(`--collector.${name}`);
    }
  });

  test('stress-ng', () => {
    const { args } = stressCommand(tool, { timeoutMs: 1_500, cpuWorkers: 2, memoryBytes: 1_000_000, diskWorkers: 1, workingDir: '/tmp' });
    expect(args.join(' ')).toBe('--timeout 2s --temp-path /tmp --cpu 2 --vm 1 --vm-bytes 1000000 --vm-keep --hdd 1');
    expect(() => stressCommand(tool, { timeoutMs: 1_000, cpuWorkers: -1, workingDir: '/tmp' })).toThrow(RangeError);
  });

  test('checks put the file behind "--"', () => {
    expect(prometheus.checkConfigCommand(tool, '/p.yml').args).toEqual(['check', 'config', '--', '/p.yml']);
    expect(prometheus.checkRulesCommand(tool, ['/r.yml']).args).toEqual(['check', 'rules', '--', '/r.yml']);
    expect(alertmanager.checkConfigCommand(tool, '/a.yml').args).toEqual(['check-config', '--', '/a.yml']);
    expect(alertmanager.testRoutesCommand(tool, '/a.yml', { host: 'x' }).args).toEqual([
      'config',
      'routes',
      'test',
      '--config.file=/a.yml',
      '--',
      'host="x"',
    ]);
  });
});
