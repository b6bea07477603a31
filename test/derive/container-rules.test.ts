import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { ruleFiles, ruleSpecs } from '../../src/server/derive/rules.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';
import { prometheus, rules, target } from './house.ts';

const container = loadProfiles(join(import.meta.dirname, '../../profiles')).get('container');
if (container === undefined) throw new Error('there is a profile of containers');
const lab = target('lab', { profile: 'container', managedBy: 'docker', address: 'unix:///var/run/docker.sock' });
const house = rules({ profiles: [container], targets: [lab] });
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

const engineLabels = 'target="lab",profile="container",job="container",instance="unix:///var/run/docker.sock"';
const of = (name: string, more = ''): string => `{${engineLabels},name="${name}"${more}}`;
const series = (metric: string, name: string, values: string, more = '') => ({ series: `${metric}${of(name, more)}`, values });
/** What an alert of a container says: its labels from the rule, its sentences with the figures filled in. */
function alert(name: string, of: string, headline: string, details: string) {
  const spec = ruleSpecs(house).find((each) => each.name === name);
  const [target, entity, link] = of === '' ? ['lab', 'lab', 'lab'] : ['lab', `lab/${of}`, `lab%2F${of}`];
  return {
    exp_labels: {
      severity: spec?.severity ?? '',
      category: spec?.category ?? '',
      entity,
      target,
      profile: 'container',
      job: 'container',
      instance: 'unix:///var/run/docker.sock',
      ...(of === '' ? {} : { name: of }),
    },
    exp_annotations: {
      title: headline,
      summary: `${headline}. ${details}`,
      details,
      url: `https://vigia.example/base/go/incident?profile=container&entity=${link}`,
    },
  };
}

type Case = readonly [time: string, name: string, alerts: readonly ReturnType<typeof alert>[]];

async function unit(input: readonly { series: string; values: string }[], cases: readonly Case[]): Promise<void> {
  const files = ruleFiles(house);
  const suite = {
    rule_files: Object.keys(files),
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: input,
        alert_rule_test: cases.map(([eval_time, alertname, exp_alerts]) => ({ eval_time, alertname, exp_alerts })),
      },
    ],
  };
  const tests = stringify(suite, { aliasDuplicateObjects: false });
  expect(await promtool({ ...files, 'tests.yml': tests }, 'test', 'rules', 'tests.yml')).toBe('agrees');
}

test('promtool agrees with the rules and the scrape job of an engine; a cAdvisor has those that it can feed', async () => {
  const files = ruleFiles(house);
  expect(await promtool(files, 'check', 'rules', '--lint-fatal', ...Object.keys(files))).toBe('agrees');
  const names = (input: typeof house) => ruleSpecs(input).flatMap(({ name, profile }) => (profile === 'container' ? [name] : []));
  expect(names(house)).toEqual([
    'VigiaAnomaly',
    'EngineDown',
    'EngineMissing',
    'ContainerMemoryHigh',
    'ContainerCpuHigh',
    'ContainerDown',
    'ContainerStopped',
    'ContainerOomKilled',
    'ContainerRestartLoop',
    'ContainerUnhealthy',
  ]);
  expect(names({ ...house, targets: [target('cadvisor', { profile: 'container' })] })).toEqual([
    'VigiaAnomaly',
    'EngineDown',
    'EngineMissing',
    'ContainerMemoryHigh',
    'ContainerCpuHigh',
  ]);
  for (const scrapeIntervalMs of [1000, 15_000, 600_000]) {
    const more = { scrapeIntervalMs, rules: { ...house, scrapeIntervalMs } };
    const made = prometheusFiles(prometheus(more));
    expect(await promtool(made, 'check', 'config', 'prometheus.yml')).toBe('agrees');
    expect(made['prometheus.yml']).toContain(`scrape_interval: ${scrapeIntervalMs === 1000 ? '1s' : '5s'}\n`);
  }
  expect(prometheusFiles(prometheus({ rules: rules({ profiles: [container], targets: [] }) }))['prometheus.yml']).not.toContain(
    'vigia-docker',
  );
});

test('P30 memory above 75 % of a limit for a minute is a warning; a container without a limit has no share of it', async () => {
  await unit(
    [
      series('container_memory_working_set_bytes', 'full', '70x2 80x20'),
      series('container_memory_working_set_bytes', 'edge', '75x22'),
      series('container_memory_working_set_bytes', 'free', '800x22'),
      series('container_spec_memory_limit_bytes', 'full', '100x22'),
      series('container_spec_memory_limit_bytes', 'edge', '100x22'),
      series('container_spec_memory_limit_bytes', 'free', '0x22'),
    ],
    [
      ['1m30s', 'ContainerMemoryHigh', []],
      [
        '2m',
        'ContainerMemoryHigh',
        [
          alert(
            'ContainerMemoryHigh',
            'full',
            'Container full uses much of its memory',
            'It uses 80 % of its limit. At 100 % the kernel kills it.',
          ),
        ],
      ],
    ],
  );
});

test('P31 CPU above 80 % of a limit, or of one core without one, for a minute is a warning', async () => {
  const cpu = (name: string, coresUsed: number) => [
    series('container_cpu_usage_seconds_total', name, `0+${coresUsed * 15}x30`, ',cpu="total"'),
    series('container_spec_cpu_period', name, '100000x30'),
  ];
  await unit(
    [
      ...cpu('limited', 0.45),
      series('container_spec_cpu_quota', 'limited', '50000x30'),
      ...cpu('roomy', 1.2),
      series('container_spec_cpu_quota', 'roomy', '200000x30'),
      ...cpu('busy', 0.9),
      ...cpu('idle', 0.7),
    ],
    [
      ['1m', 'ContainerCpuHigh', []],
      [
        '3m',
        'ContainerCpuHigh',
        ['busy', 'limited'].map((name) =>
          alert(
            'ContainerCpuHigh',
            name,
            `Container ${name} uses much CPU`,
            'It uses 90 % of what it may, or of one core where it has no limit.',
          ),
        ),
      ],
    ],
  );
});

test('P32 a stop is a warning at once and critical after a minute; what nobody misses, and what is about to start again, is neither', async () => {
  await unit(
    [
      series('container_running', 'gamma', '1x4 0x20'),
      series('container_restarting', 'gamma', '0x24'),
      series('container_exit_code', 'gamma', '_x4 137x20'),
      series('container_running', 'looper', '1x4 0x20'),
      series('container_restarting', 'looper', '0x4 1x20'),
      series('container_running', 'job', '1x4 _x20'),
      series('container_running', 'web', '1x24'),
    ],
    [
      ['1m', 'ContainerStopped', []],
      ['1m15s', 'ContainerStopped', [alert('ContainerStopped', 'gamma', 'Container gamma has stopped', 'Its exit code was 137.')]],
      ['2m', 'ContainerDown', []],
      [
        '2m15s',
        'ContainerDown',
        [
          alert('ContainerDown', 'gamma', 'Container gamma is down', 'It does not run; its last exit code was 137.'),
          alert('ContainerDown', 'looper', 'Container looper is down', 'It does not run; its last exit code was unknown.'),
        ],
      ],
    ],
  );
});

test('a kill for want of memory is critical, also of a container that runs again by then, and is old news after 5 minutes', async () => {
  const text = ['Its limit is 8MiB.'] as const;
  const kill = (name: string) => alert('ContainerOomKilled', name, `Container ${name} was killed for want of memory`, text[0]);
  await unit(
    [
      series('container_oom_killed', 'eater', '0x4 1x60'),
      series('container_running', 'eater', '1x4 0x30 _x30'),
      series('container_oom_events_total', 'phoenix', '0x4 1x60'),
      series('container_oom_killed', 'phoenix', '0x64'),
      series('container_running', 'phoenix', '1x64'),
      ...['eater', 'phoenix'].map((name) => series('container_spec_memory_limit_bytes', name, '8388608x64')),
    ],
    [
      ['1m', 'ContainerOomKilled', []],
      ['1m30s', 'ContainerOomKilled', [kill('eater'), kill('phoenix')]],
      ['7m', 'ContainerOomKilled', [kill('eater')]],
      ['14m', 'ContainerOomKilled', []],
    ],
  );
});

test('restarts that follow each other are a loop, one is none; a failing health check is a warning', async () => {
  const loop = (restarts: number) =>
    alert(
      'ContainerRestartLoop',
      'looper',
      'Container looper ends again and again',
      `The engine has started it again ${restarts} times; its last exit code was 1.`,
    );
  await unit(
    [
      series('container_restarts_total', 'looper', '0x4 5 6 7 7x40'),
      series('container_restarting', 'looper', '0x50'),
      series('container_exit_code', 'looper', '1x50'),
      // Was looping before it was watched: it is about to start again, for the ninth time.
      series('container_restarts_total', 'old', '9x50'),
      series('container_restarting', 'old', '1x6 0x44'),
      series('container_restarts_total', 'once', '0x4 1x46'),
      series('container_restarting', 'once', '0x50'),
      series('container_unhealthy', 'sick', '0x4 1x46'),
      series('container_unhealthy', 'well', '0x50'),
    ],
    [
      [
        '1m',
        'ContainerRestartLoop',
        [
          {
            ...alert(
              'ContainerRestartLoop',
              'old',
              'Container old ends again and again',
              'The engine has started it again 9 times; its last exit code was unknown.',
            ),
          },
        ],
      ],
      ['1m45s', 'ContainerRestartLoop', [loop(7)]],
      ['8m', 'ContainerRestartLoop', []],
      ['1m', 'ContainerUnhealthy', []],
      [
        '1m15s',
        'ContainerUnhealthy',
        [alert('ContainerUnhealthy', 'sick', 'Container sick is unhealthy', 'It runs, but its own health check fails.')],
      ],
    ],
  );
});

test('an engine that does not answer is critical after a minute', async () => {
  await unit(
    [{ series: `up{${engineLabels}}`, values: '1x4 0x20' }],
    [
      ['2m', 'EngineDown', []],
      [
        '2m15s',
        'EngineDown',
        [
          alert(
            'EngineDown',
            '',
            'Container engine lab does not answer',
            'Nothing is known of its containers. The page Containers says why.',
          ),
        ],
      ],
      ['2m15s', 'EngineMissing', []],
    ],
  );
});
