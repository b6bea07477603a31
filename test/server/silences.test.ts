import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { quietGate } from '../../src/server/quiet.ts';
import { createSilences } from '../../src/server/silences.ts';
import { openStore } from '../../src/store/open.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-silences-'));
let nowMs = 10_000;
const store = await openStore({ file: join(dir, 'state.sqlite') }, { now: () => nowMs });
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const matcher = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
let count = 0;
const alertmanager = {
  putSilence: async () => `s${++count}`,
  deleteSilence: async () => {},
  silences: async () => [],
  alerts: async () => [],
};
const silences = createSilences({ store, alertmanager: () => alertmanager as never, now: () => nowMs, log });
const base = { startsMs: 10_000, endsMs: 50_000, createdBy: 'Ana', comment: 'new disk' };

it('a silence that is over was maintenance: its time is not learned later either', async () => {
  const whole = await silences.add({ ...base, matchers: [matcher('entity', 'web1'), matcher('profile', 'linux-host')] });
  const part = await silences.add({ ...base, matchers: [matcher('entity', 'web1'), matcher('alertname', 'HostDown')] });
  await silences.add({ ...base, matchers: [matcher('entity', 'web2'), matcher('profile', 'linux-host')] });
  const gate = async () => quietGate(await store.silences.list(), await store.marks.list({}));
  expect([(await gate())('linux-host', 'web1', 20_000), (await gate())('linux-host', 'web1', 50_000)]).toEqual([false, true]);
  nowMs = 30_000;
  await silences.end(whole.id);
  await silences.end(part.id);
  const after = await gate();
  expect([20_000, 29_999, 30_000].map((ms) => after('linux-host', 'web1', ms))).toEqual([false, false, true]);
  // The other one ends by itself; both are kept for as long as charts reach back.
  nowMs = 60_000;
  await silences.reapply();
  expect(await silences.list(nowMs)).toEqual([]);
  expect((await gate())('linux-host', 'web2', 40_000)).toBe(false);
});
