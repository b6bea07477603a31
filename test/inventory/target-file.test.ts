import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Named } from '../../src/server/inventory/named.ts';
import { parseTargetFile, type TargetFile } from '../../src/server/inventory/target-file.ts';

/** The format of Prometheus's file_sd: what is taken, and what is said of the rest. */
const defaults = { profile: 'linux-host', labels: { site: 'north' } };
const profiles = new Set(['linux-host', 'windows-host', 'http-endpoint']);
const yaml = (text: string): TargetFile => parseTargetFile(text, { json: false, defaults, profiles });
const json = (text: string): TargetFile => parseTargetFile(text, { json: true, defaults, profiles });
const said = ({ problem }: TargetFile): string => (problem === null ? 'no problem' : `line ${problem.line}: ${problem.reason}`);

const plain = (address: string, part: Partial<Named> = {}): Named => ({
  address,
  profile: 'linux-host',
  scheme: 'http',
  metricsPath: '/metrics',
  labels: { site: 'north' },
  name: null,
  ...part,
});

describe('a file of targets', () => {
  it('is read as Prometheus reads it, and its labels that Vigía knows are understood', () => {
    const file = yaml(`
# the lab
- targets: ['web1.lan:9100', "[fd00::1]:9100"]
  labels: { rack: a3, version: 1.10, site: south, job: node, __meta_filepath: x, __tmp_y: z }
- targets:
    - 10.0.0.9:9182
  labels:
    profile: windows-host
    instance: reception
    __scheme__: https
    __metrics_path__: /m
- targets: [https://example.org/health, http://example.org:8080]
  labels: { profile: http-endpoint }
- targets: []
- labels:
`);
    const south = { labels: { site: 'south', rack: 'a3', version: '1.10' } };
    const endpoint = { profile: 'http-endpoint' };
    expect(file.named).toEqual([
      plain('web1.lan:9100', south),
      plain('[fd00::1]:9100', south),
      plain('10.0.0.9:9182', { profile: 'windows-host', scheme: 'https', metricsPath: '/m', name: 'reception' }),
      plain('example.org:443', { ...endpoint, scheme: 'https', metricsPath: '/health' }),
      plain('example.org:8080', { ...endpoint, metricsPath: '/' }),
    ]);
  });

  it('may share labels by anchors and merges', () => {
    const file = yaml(`
- targets: [a:1]
  labels: &shared { rack: a3 }
- targets: [b:2]
  labels: { <<: *shared, row: x }
`);
    expect(file.named?.map(({ labels }) => labels)).toEqual([
      { site: 'north', rack: 'a3' },
      { site: 'north', rack: 'a3', row: 'x' },
    ]);
  });

  it.each<[string, string, string]>([
    ['nothing at all', '\n \n', 'line 1: it is empty; "[]" would say that there are no targets'],
    ['a half-written line', '- targets: [a:1\n', 'line 2: Flow sequence in block collection must be'],
    ['a mapping', 'targets: [a:1]', 'line 1: a list of groups, each with "targets" and "labels" is expected'],
    ['a text as a group', '- a:1\n- targets: [b:1]', 'line 1: a group, with "targets" and "labels" is expected'],
    [
      'an unknown key',
      '- targets: [a:1]\n- targets: [b:1]\n  label: {}',
      'line 2: "label" is no key of a group; it has "targets" and "labels"',
    ],
    ['a text in the place of the list', '- targets: a:1', 'line 1: targets: a list of HOST:PORT is expected'],
    ['a list in the place of labels', '- targets: [a:1]\n  labels:\n    - x', 'line 3: labels: names with their values is expected'],
    ['a target without a port', '- targets:\n  - a:1\n  - web1', 'line 3: "web1" is no target: HOST:PORT, for example 192.168.1.10:9100'],
    ['a port that is none', '- targets: ["a:99999"]', 'line 1: "a:99999" is no target: a port between 1 and 65535'],
    ['a URL with a question', '- targets: ["http://a:1/m?x=1"]', 'line 1: "http://a:1/m?x=1" is no target: HOST:PORT'],
    [
      'a profile that is not there',
      '- targets: [a:1]\n  labels:\n    x: y\n    profile: linux',
      'line 4: there is no profile "linux"; there are linux-host,',
    ],
    ['a label that is Vigía’s', '- targets: [a:1]\n  labels:\n    target: x', 'line 3: "target" is a label that Vigía sets itself'],
    ['a label name that is none', '- targets: [a:1]\n  labels: { a-b: x }', 'line 2: "a-b" is no label name'],
    ['a label of relabelling', '- targets: [a:1]\n  labels:\n\n    __param_module: x', 'line 4: "__param_module" is not understood here'],
    ['a scheme that is none', '- targets: [a:1]\n  labels: { __scheme__: ftp }', 'line 2: "ftp" is neither http nor https'],
    ['a path that is none', '- targets: [a:1]\n  labels: { __metrics_path__: m }', 'line 2: "m" is no path, like /metrics'],
    ['a key twice', '- targets: [a:1]\n  targets: [b:1]', 'line 2: Map keys must be unique'],
    [
      'a label that is too long',
      `- targets: [a:1]\n  labels: { x: ${'y'.repeat(129)} }`,
      'line 2: the value of "x" is longer than 128 characters',
    ],
  ])('with %s is refused, with its line', (_, text, reason) => {
    expect(said(yaml(text))).toContain(reason);
  });

  it.each<[string, string]>([
    ['[{"targets": ["a:1"],}]', 'line 1: no JSON: '],
    ['[\n {"targets": ["a:1"]},\n {"targets": [b:1]}\n]', 'line 3: no JSON: '],
    ['[\n {"targets": ["a:1"]}\n', 'line 2: no JSON: '],
    ['- targets: [a:1]', 'line 1: no JSON: '],
    ['[\n {"targets": ["a:1"],\n  "labels": {"profile": "x"}}]', 'line 3: there is no profile "x"'],
    ['[null]', 'line 1: a group, with "targets" and "labels" is expected'],
  ])('of JSON like %j is refused, with its line', (text, reason) => {
    expect(said(json(text))).toContain(reason);
  });
});

const host = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
);
const address = fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map(([name, port]) => `${name}:${port}`);
const label = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,10}$/)
  .filter((name) => !['target', 'profile', 'job', 'instance', 'entity'].includes(name));
const groups = fc.array(
  fc.record({ targets: fc.array(address, { maxLength: 5 }), labels: fc.dictionary(label, fc.string({ maxLength: 40 }), { maxKeys: 4 }) }),
  { maxLength: 6 },
);

describe('any file', () => {
  it('gives back what was written, whether as JSON, JSON with tabs, or YAML', () => {
    fc.assert(
      fc.property(groups, (written) => {
        const wanted = written.flatMap(({ targets, labels }) =>
          targets.map((each) => plain(each, { labels: { site: 'north', ...labels } })),
        );
        const text = JSON.stringify(written);
        for (const read of [json(text), json(JSON.stringify(written, null, '\t')), yaml(text), yaml(stringify(written))]) {
          expect(read).toEqual({ named: wanted, problem: null });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is taken whole or refused with a line that it has, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 200 }),
          fc.json(),
          groups.map((each) => stringify(each).slice(0, -3)),
        ),
        fc.boolean(),
        (text, asJson) => {
          const { named, problem } = parseTargetFile(text, { json: asJson, defaults, profiles });
          expect(named === null).toBe(problem !== null);
          if (problem === null) return;
          expect(problem.line).toBeGreaterThanOrEqual(1);
          expect(problem.line).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length);
          expect(problem.reason).not.toBe('');
        },
      ),
      { numRuns: 300 },
    );
  });
});
