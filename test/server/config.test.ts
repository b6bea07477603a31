import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { VigiaError } from '../../src/model/errors.ts';
import { loadConfig, maskedConfig } from '../../src/server/config.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function problemOf(yaml: string, env: Record<string, string> = {}): string {
  const file = join(dir, 'vigia.yml');
  writeFileSync(file, yaml);
  try {
    loadConfig({ file, env });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(VigiaError);
    return (thrown as VigiaError).message.replaceAll(dir, 'DIR');
  }
  return 'no problem';
}

function configOf(yaml: string, env: Record<string, string> = {}) {
  const file = join(dir, 'vigia.yml');
  writeFileSync(file, yaml);
  return loadConfig({ file, env }).config;
}

describe('a wrong configuration says what a person needs', () => {
  const cases: readonly [name: string, yaml: string, message: string][] = [
    [
      'misspelt key',
      'promethius: {}',
      '1 problem(s) in the configuration:\n  promethius: there is no such setting, did you mean "prometheus"?',
    ],
    [
      'misspelt inner key',
      'prometheus: { scrapeIntervall: 5s }',
      '1 problem(s) in the configuration:\n  prometheus.scrapeIntervall: there is no such setting, did you mean "scrapeInterval"?',
    ],
    [
      'unknown key without a near one',
      'database: { colour: red }',
      '1 problem(s) in the configuration:\n  database.colour: there is no such setting; known here: url',
    ],
    [
      'wrong duration',
      'prometheus: { scrapeInterval: fast }',
      '1 problem(s) in the configuration:\n  prometheus.scrapeInterval: "fast" is no duration between 1s and 10m; write it like 15s, 5m or 1h30m',
    ],
    [
      'duration out of range',
      'prometheus: { scrapeInterval: 2h }',
      '1 problem(s) in the configuration:\n  prometheus.scrapeInterval: "2h" is no duration between 1s and 10m; write it like 15s, 5m or 1h30m',
    ],
    [
      'detector that is not there',
      'detection: { detector: isolation-forrest }',
      '1 problem(s) in the configuration:\n  detection.detector: there is no "isolation-forrest", did you mean "isolation-forest"?',
    ],
    [
      'time zone that is none',
      'detection: { timeZone: Mars/Olympus }',
      '1 problem(s) in the configuration:\n  detection.timeZone: "Mars/Olympus" is no time zone; write an IANA name like Europe/Madrid',
    ],
    [
      'bad YAML',
      'server: [',
      'DIR/vigia.yml is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10.',
    ],
    [
      'two archive rules of one name',
      'archive: { url: "http://far:8086", version: 1, rules: [{ name: a, match: up }, { name: a, match: down }] }',
      '1 problem(s) in the configuration:\n  archive.rules.1.name: there are two rules "a"',
    ],
    [
      'raw and down-sampled points in one bucket',
      'archive: { url: "http://far:8086", version: 2, org: o, rules: [{ name: a, match: up }, { name: b, match: up, every: 1h }] }',
      '1 problem(s) in the configuration:\n  archive.rules.1.database: "vigia" would hold points of raw and of 1h in the same series; InfluxDB 2.x needs a database for each',
    ],
    [
      'no selector',
      'archive: { url: "http://far:8086", version: 1, rules: [{ name: a, match: "up[5m]" }] }',
      '1 problem(s) in the configuration:\n  archive.rules.0.match: a series selector such as node_load1 or {job="linux-host",__name__=~"node_.+"}',
    ],
    ['a list at the top', '- a', 'DIR/vigia.yml is not valid YAML: it must hold sections, like "server:".'],
    ['a key twice', 'server: {}\nserver: {}', 'DIR/vigia.yml is not valid YAML: Map keys must be unique at line 2, column 1.'],
  ];
  it.each(cases)('%s', (_, yaml, message) => {
    expect(problemOf(yaml)).toBe(message);
  });

  it('names every problem at once', () => {
    const message = problemOf('server: { listen: nowhere, colour: red }\ndetection: { trees: 5 }');
    expect(message).toMatch(/^3 problem\(s\)/);
    expect(message).toContain('server.listen: HOST:PORT');
    expect(message).toContain('server.colour');
    expect(message).toContain('detection.trees');
  });

  it('says which file is missing', () => {
    expect(() => loadConfig({ file: '/nonexistent/vigia.yml', env: {} })).toThrow('Cannot read /nonexistent/vigia.yml: ENOENT');
  });

  it('names the nearest setting for a misspelt environment variable', () => {
    expect(problemOf('', { VIGIA_PROMETHEUS__SCRAPE_INTERVALL: '5s' })).toContain(
      'VIGIA_PROMETHEUS__SCRAPE_INTERVALL: there is no setting prometheus.scrapeIntervall, did you mean "scrapeInterval"?',
    );
  });

  it('says which secret file cannot be read', () => {
    const yaml = 'prometheus: { source: { url: "http://far:9090", passwordFile: /nonexistent/secret } }';
    expect(problemOf(yaml)).toContain('Cannot read the secret file /nonexistent/secret that prometheus.source.passwordFile names');
  });
});

describe('a right configuration', () => {
  it('needs nothing', () => {
    const { config, file } = loadConfig({ env: {} });
    expect(file).toBeNull();
    expect(config.prometheus.scrapeInterval).toBe(15_000);
    expect(config.server.listen).toBe('127.0.0.1:8080');
  });

  it('takes the environment over the file, and the command line over both', () => {
    const config = configOf('prometheus: { scrapeInterval: 30s }\nserver: { listen: "127.0.0.1:1" }', {
      VIGIA_PROMETHEUS__SCRAPE_INTERVAL: '5s',
      VIGIA_DETECTION__TREES: '50',
      VIGIA_PARTS__NODE_EXPORTER: 'false',
    });
    expect(config.prometheus.scrapeInterval).toBe(5_000);
    expect(config.detection.trees).toBe(50);
    expect(config.parts.nodeExporter).toBe(false);
    expect(loadConfig({ env: {}, listen: '127.0.0.1:9' }).config.server.listen).toBe('127.0.0.1:9');
  });

  it('reads secrets from files and masks them when shown', () => {
    const secret = join(dir, 'secret');
    writeFileSync(secret, 'hush-hush\n');
    const config = configOf(
      `prometheus: { source: { url: "http://far:9090", username: me, passwordFile: ${secret} } }
alerts: { receivers: [{ kind: telegram, name: ours, chatId: "-100", botToken: "42:hush-hush" }] }`,
      { DATABASE_URL: 'postgresql://me:hush-hush@db/vigia' },
    );
    expect(config.prometheus.source?.password).toBe('hush-hush');
    expect(JSON.stringify(maskedConfig(config))).not.toContain('hush-hush');
  });

  it('has an archive whose selectors are selectors, and nothing else', () => {
    const rules = ['up', 'a:b{x="1"}', String.raw`{job!~'a\'}b', __name__=~"x.+",}`, 'up{}'];
    const yaml = JSON.stringify({
      archive: {
        url: 'http://far:8086',
        version: 3,
        token: 'hush',
        rules: rules.map((match, at) => ({ name: `r${at}`, match, keep: '30d' })),
      },
    });
    const { archive } = configOf(yaml);
    expect(archive?.rules.map((rule) => rule.match)).toEqual(rules);
    expect(archive?.rules[0]).toMatchObject({ every: 'raw', keep: 2_592_000_000 });
    expect(JSON.stringify(maskedConfig(configOf(yaml)))).not.toContain('hush');
    for (const match of [
      '',
      '{',
      'up or down',
      'up{a="b"} or x',
      '{a="b"}[5m]',
      'sum(up)',
      '{a="b\n"}',
      String.raw`{a="\"}`,
      'up # x',
      '1up',
    ]) {
      const other = JSON.stringify({ archive: { url: 'http://far:8086', version: 1, rules: [{ name: 'r', match }] } });
      expect(problemOf(other), match).toContain('a series selector');
    }
  });

  it('cannot be used to reach the prototype', () => {
    expect(problemOf('__proto__: { polluted: true }')).not.toBe('');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    problemOf('', { VIGIA___PROTO____POLLUTED: '1', VIGIA_CONSTRUCTOR__PROTOTYPE: '1' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
