import { setTimeout as sleep } from 'node:timers/promises';
import { type Receiver, receiverSecrets } from '../model/receiver.ts';
import { receiverName, TEST_LABEL } from './derive/routing.ts';
import type { House } from './house.ts';

const waitMs = 20_000;
const pollMs = 300;

/** Sends one test alert through Alertmanager to one receiver, and says from Alertmanager's own counters and words what came of it. */
export async function sendTest(house: House, receiver: Receiver): Promise<{ ok: boolean; message: string }> {
  if (!receiver.enabled) return { ok: false, message: 'This receiver is switched off.' };
  const name = receiverName(receiver);
  const words: string[] = [];
  const unhear = house.listenAlertmanager((line) => line.includes(name) && words.push(line));
  try {
    const before = await requestCounts(house, receiver.kind);
    const nowMs = house.now();
    await house.alertmanager.postAlerts([
      {
        labels: { alertname: 'VigiaTest', severity: 'info', category: 'other', [TEST_LABEL]: name, sent: String(nowMs) },
        annotations: {
          title: 'Test message',
          summary: 'This is a test message from Vigía: messages to this receiver arrive.',
          details: 'Messages to this receiver arrive.',
          url: house.publicUrl,
        },
        startsMs: nowMs,
        endsMs: nowMs + waitMs,
      },
    ]);
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += pollMs) {
      await sleep(pollMs);
      const after = await requestCounts(house, receiver.kind);
      if (after.failed > before.failed) return { ok: false, message: reasonIn(words, receiver) };
      if (after.total > before.total) return { ok: true, message: 'The message was accepted by the other side.' };
    }
    return { ok: false, message: `The other side did not take the message within ${waitMs / 1000} s.` };
  } finally {
    unhear();
  }
}

/** Requests of one kind of integration so far, as Alertmanager counts them once they are answered. */
async function requestCounts(house: House, kind: Receiver['kind']): Promise<{ total: number; failed: number }> {
  const { username, password } = house.childCredential;
  const answer = await house.fetch(`${house.alertmanagerUrl}/metrics`, {
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    deadlineMs: 5_000,
    maxBytes: 4_000_000,
    allowLoopback: true,
    ownChild: true,
    what: 'Alertmanager',
  });
  const text = answer.body.toString('utf8');
  const count = (metric: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${metric}{integration="${kind}"`));
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
  };
  return { total: count('alertmanager_notification_requests_total'), failed: count('alertmanager_notification_requests_failed_total') };
}

/** What Alertmanager said about the failure, without the receiver's secrets. */
function reasonIn(words: readonly string[], receiver: Receiver): string {
  const said = words.map((line) => /"err":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]).findLast((each) => each !== undefined);
  if (said === undefined) return 'The other side refused the message.';
  const secrets = Object.entries(receiver).filter(([key, value]) => receiverSecrets.has(key) && value !== '');
  const safe = secrets.reduce((text, [, value]) => text.replaceAll(String(value), '***'), said.replaceAll('\\"', '"'));
  return safe.replace(/^.*?notify retry canceled[^:]*: /, '').slice(0, 400);
}
