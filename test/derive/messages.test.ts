import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { messageTemplates } from '../../src/server/derive/message-templates.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';
import { isTelegramHtml } from '../stand-ins/telegram.ts';
import { hostile } from './house.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const startsAt = '2026-01-02T03:04:05.678Z';
const firing = (annotations: Alert['annotations'], alertname = 'VigiaAnomaly'): Alert => ({
  status: 'firing',
  labels: { alertname },
  annotations,
});

/** What Alertmanager would send, by the real template engine. */
async function render(template: string, alerts: readonly Alert[], type: 'text' | 'html' = 'text'): Promise<string> {
  const { dir, stop } = scratch();
  open.push({ stop });
  const data = {
    receiver: 'r',
    status: 'firing',
    alerts: alerts.map((alert) => ({
      ...alert,
      startsAt,
      endsAt: alert.status === 'resolved' ? '2026-01-02T03:08:15Z' : '0001-01-01T00:00:00Z',
    })),
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://127.0.0.1:1',
  };
  write(dir, { 'vigia.tmpl': messageTemplates, 'data.json': JSON.stringify(data) });
  const flags = [`--template.glob=${join(dir, 'vigia.tmpl')}`, `--template.data=${join(dir, 'data.json')}`, `--template.type=${type}`];
  const args = ['template', 'render', ...flags, `--template.text={{ template "${template}" . }}`];
  const { exitCode, stdout, stderr } = await run({ file: 'amtool', args }, { timeoutMs: 60_000, maxBytes: 1_000_000 });
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout.trimEnd();
}

const anomaly = firing({
  title: 'host web1 behaves abnormally',
  details: 'CPU busy 97 % (expected 2 % to 15 %)\nNetwork in 3MiB/s (expected 0B/s to 1.5kiB/s)',
  url: 'https://vigia.example/go/incident?profile=linux-host&entity=web1',
});
const many = Array.from({ length: 500 }, () => anomaly);
const everyHostile = hostile.map((text) =>
  firing({ title: `${text}${text}`, details: `${text}\n${text}\n${text}\n${text}`, url: `https://h.example/${text}` }, text),
);

test('a firing anomaly, as Telegram shows it', async () => {
  expect(await render('vigia.telegram', [anomaly], 'html')).toBe(
    [
      '<b>FIRING</b> host web1 behaves abnormally',
      'CPU busy 97 % (expected 2 % to 15 %)',
      'Network in 3MiB/s (expected 0B/s to 1.5kiB/s)',
      'since 2026-01-02 03:04 UTC',
      '<a href="https://vigia.example/go/incident?profile=linux-host&amp;entity=web1">Open the incident</a>',
    ].join('\n'),
  );
});

test('a resolved alert says how long it lasted', async () => {
  const resolved: Alert = { ...anomaly, status: 'resolved' };
  expect(await render('vigia.discord', [resolved])).toBe('**RESOLVED** host web1 behaves abnormally\nlasted 4m9s');
  expect(await render('vigia.subject', [resolved])).toBe('RESOLVED host web1 behaves abnormally');
});

test('500 alerts fit, and the message says how many were left out', async () => {
  const telegram = await render('vigia.telegram', [...many, ...many.map((alert) => ({ ...alert, status: 'resolved' as const }))], 'html');
  expect(telegram).toContain('and 495 more firing');
  expect(telegram).toContain('and 495 more resolved');
  expect([...telegram].length).toBeLessThan(3500);
  expect(isTelegramHtml(telegram)).toBe(true);
  const discord = await render('vigia.discord', many);
  expect(discord).toContain('and 497 more firing');
  expect([...discord].length).toBeLessThan(2000);
  expect(await render('vigia.subject', many)).toBe('FIRING host web1 behaves abnormally and 499 more');
  expect(await render('vigia.email.html', many, 'html')).toContain('and 450 more firing');
});

describe('hostile texts', () => {
  test('Telegram gets markup it accepts, below its limit, whichever alerts come first', async () => {
    for (let first = 0; first < everyHostile.length; first += 5) {
      const text = await render('vigia.telegram', everyHostile.slice(first), 'html');
      expect([...text].length).toBeLessThan(4000);
      expect(isTelegramHtml(text)).toBe(true);
      expect(text).not.toMatch(/script>|ZgotmplZ/);
    }
    const ampersands = Array.from({ length: 500 }, () =>
      firing({ title: '&'.repeat(500), details: `${'"'.repeat(500)}\n`.repeat(3), url: `https://h.example/${'&'.repeat(210)}` }),
    );
    expect([...(await render('vigia.telegram', ampersands, 'html'))].length).toBeLessThan(4096 * 2);
    const entitiesAsOne = (await render('vigia.telegram', ampersands, 'html')).replace(/<[^>]*>/g, '');
    expect(entitiesAsOne.length).toBeLessThan(3000);
  });

  test('Discord gets no mention and no masked link, within its limits', async () => {
    for (let first = 0; first < everyHostile.length; first += 3) {
      const text = await render('vigia.discord', everyHostile.slice(first));
      expect([...text].length).toBeLessThanOrEqual(2000);
      expect(text).not.toMatch(/@everyone|<@|\]\(/);
      expect([...(await render('vigia.subject', everyHostile.slice(first)))].length).toBeLessThan(256);
    }
  });

  test('an e-mail has one line of subject and inert text', async () => {
    for (const alert of everyHostile) expect(await render('vigia.subject', [alert])).not.toMatch(/[\r\n\0]|@everyone/);
    const html = await render('vigia.email.html', everyHostile, 'html');
    expect(html).not.toMatch(/<script|<b>|<\/a><s/);
    expect(html.match(/<p>/g)?.length).toBe(everyHostile.length);
  });

  test('only a link to http is written', async () => {
    const alerts = ['javascript:alert(1)', 'https://', `https://h.example/${'x'.repeat(2000)}`, 'https://h.example/ x', ''].map((url) =>
      firing({ title: 't', url }),
    );
    for (const [template, type] of [
      ['vigia.telegram', 'html'],
      ['vigia.email.html', 'html'],
      ['vigia.discord', 'text'],
    ] as const) {
      expect(await render(template, alerts, type)).not.toMatch(/href|javascript|xxx/);
    }
  });
});
