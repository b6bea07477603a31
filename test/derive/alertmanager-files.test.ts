import { array, assert, asyncProperty, constantFrom, record, subarray } from 'fast-check';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Receiver } from '../../src/model/receiver.ts';
import { alertmanagerFiles } from '../../src/server/derive/alertmanager-files.ts';
import { routesOf, TEST_LABEL } from '../../src/server/derive/routing.ts';
import { ruleSpecs } from '../../src/server/derive/rules.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';
import { alertmanager, allReceivers, hostile, receiver, rules, target } from './house.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

function folder(receivers: readonly Receiver[], more: Parameters<typeof alertmanager>[0] = {}): string {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, alertmanagerFiles(alertmanager({ receivers, ...more })));
  return dir;
}

function amtool(...args: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  return run({ file: 'amtool', args }, { timeoutMs: 60_000, maxBytes: 100_000 });
}

/** Receivers that amtool says an alert reaches, without Vigía's own webhook. */
async function reached(dir: string, labels: Readonly<Record<string, string>>): Promise<string[]> {
  const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { exitCode, stdout } = await amtool('config', 'routes', 'test', `--config.file=${join(dir, 'alertmanager.yml')}`, ...words);
  expect(exitCode).toBe(0);
  return stdout
    .trim()
    .split(',')
    .filter((name) => name !== 'vigia' && name !== 'none')
    .toSorted();
}

/** `agrees`, or what amtool says against the files. */
async function check(dir: string): Promise<string> {
  const { exitCode, stdout, stderr } = await amtool('check-config', join(dir, 'alertmanager.yml'));
  return exitCode === 0 ? 'agrees' : stdout + stderr;
}

test('amtool agrees with any set of receivers', async () => {
  for (const receivers of [
    [],
    ...allReceivers.map((each) => [each]),
    allReceivers,
    allReceivers.map((each) => ({ ...each, enabled: false })),
  ]) {
    expect(await check(folder(receivers))).toBe('agrees');
  }
  const proxied = folder(allReceivers, { proxy: 'http://proxy.example:3128', noProxy: ['hook.example'] });
  expect(await check(proxied)).toBe('agrees');
});

describe('P33 routes, for every rule that exists', () => {
  const specs = ruleSpecs(rules({ targets: ['a', 'b'].map((id) => target(id, { labels: { group: 'g' } })) }));
  const kindsOf = (severity: string, category: string): string[] => {
    if (severity === 'critical') return ['discord', 'email', 'telegram', 'webhook'];
    return [category === 'cpu' ? 'telegram' : category === 'network' ? 'discord' : 'email', 'webhook'].toSorted();
  };

  test.each([
    ...new Map(specs.map((spec) => [spec.name, [spec.name, spec.severity, spec.category] as const])).values(),
    ['CpuWarning', 'warning', 'cpu'] as const,
    ['MemoryWarning', 'warning', 'memory'] as const,
    ['NetworkWarning', 'warning', 'network'] as const,
    ['Unknown', 'warning', 'something-new'] as const,
    ['Information', 'info', 'other'] as const,
  ])('P33 %s (%s, %s)', async (alertname, severity, category) => {
    expect(await reached(folder(allReceivers), { alertname, severity, category })).toEqual(
      kindsOf(severity, category).map((kind) => `${kind}/ops`),
    );
  });

  test('an alert without labels of ours reaches e-mail', async () => {
    expect(await reached(folder(allReceivers), { alertname: 'Foreign' })).toEqual(['email/ops', 'webhook/ops']);
  });
});

test('where the kind is missing that would get it, everybody who shares the work does', async () => {
  const dir = folder([receiver('telegram'), receiver('discord')]);
  expect(await reached(dir, { severity: 'warning', category: 'memory' })).toEqual(['discord/ops', 'telegram/ops']);
  expect(await reached(dir, { severity: 'warning', category: 'unheard-of' })).toEqual(['discord/ops', 'telegram/ops']);
  expect(await reached(dir, { severity: 'warning', category: 'cpu' })).toEqual(['telegram/ops']);
});

test('severities and categories of a receiver are obeyed', async () => {
  const disk = receiver('email', { name: 'disk', severities: ['warning'], categories: ['disk'] });
  const dir = folder([disk, receiver('telegram')]);
  expect(await reached(dir, { severity: 'warning', category: 'disk' })).toEqual(['email/disk']);
  expect(await reached(dir, { severity: 'critical', category: 'disk' })).toEqual(['telegram/ops']);
  expect(await reached(dir, { severity: 'info', category: 'disk' })).toEqual([]);
  const informed = folder([receiver('email', { severities: ['info'] })]);
  expect(await reached(informed, { severity: 'info', category: 'disk' })).toEqual(['email/ops']);
  expect(await reached(informed, { severity: 'warning', category: 'disk' })).toEqual([]);
  expect(await reached(dir, { severity: 'warning', category: 'memory' })).toEqual(['telegram/ops']);
});

test('a test message reaches the receiver it is for, and nobody else', async () => {
  const dir = folder([...allReceivers, receiver('email', { name: 'two' })]);
  const labels = { alertname: 'Test', severity: 'critical', category: 'other', [TEST_LABEL]: 'email/two' };
  expect(await reached(dir, labels)).toEqual(['email/two']);
});

test('where another instance sends, receivers get tests alone', async () => {
  const dir = folder(allReceivers, { sends: false });
  expect(await check(dir)).toBe('agrees');
  expect(await reached(dir, { severity: 'critical', category: 'disk' })).toEqual([]);
  const [first] = allReceivers;
  const name = `${first?.kind}/${first?.name}`;
  expect(await reached(dir, { severity: 'info', [TEST_LABEL]: name })).toEqual([name]);
});

test('law: no critical and no warning is lost as long as a receiver shares the work', async () => {
  const some = record({
    kind: constantFrom('telegram' as const, 'discord' as const, 'email' as const),
    severities: subarray(['critical', 'warning'] as const),
    categories: subarray(['cpu', 'disk', 'network'] as const),
  });
  await assert(
    asyncProperty(array(some, { maxLength: 3 }), async (list) => {
      const receivers = [
        receiver('telegram'),
        ...list.map(({ kind, ...routing }, index) => receiver(kind, { name: `r${index}`, ...routing })),
      ];
      const routes = routesOf(receivers);
      for (const severity of ['critical', 'warning']) {
        for (const category of ['cpu', 'memory', 'disk', 'network', 'availability', 'anomaly', 'other', 'new']) {
          expect(routes.some((route) => route.matchers.every((matcher) => fits(matcher, { severity, category })))).toBe(true);
        }
      }
    }),
  );
});

/** What a matcher of ours means. */
function fits(matcher: string, labels: Readonly<Record<string, string>>): boolean {
  const [, name = '', operator = '', value = ''] = /^(\w+)(=~|!~|!=|=)"(.*)"$/.exec(matcher) ?? [];
  const actual = labels[name] ?? '';
  const matches = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
  return operator.startsWith('!') ? !matches : matches;
}

test('hostile strings of receivers break nothing', async () => {
  const urls = hostile.map((text) => URL.parse(`https://h.example/${text}`)?.href ?? 'https://h.example/');
  const receivers = hostile.flatMap((text, index) => {
    const name = `r${index}`;
    return [
      { ...receiver('telegram', { name }), botToken: text } as Receiver,
      receiver('discord', { name, webhookUrl: urls[index] }),
      { ...receiver('email', { name }), username: text, password: text } as Receiver,
      { ...receiver('webhook', { name, url: urls[index] }), bearerToken: text } as Receiver,
    ];
  });
  expect(await check(folder(receivers))).toBe('agrees');
});

test('a file that amtool refuses is seen as such', async () => {
  expect(await check(folder([receiver('telegram', { chatId: '0' })]))).toContain('chat_id');
});
