import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { alertmanagerFiles } from '../../src/server/derive/alertmanager-files.ts';
import { installFiles } from '../../src/server/derive/install.ts';
import { type Command, run } from '../../src/tools/run.ts';
import { scratch } from '../stand-ins/real.ts';
import { alertmanager, allReceivers, receiver } from './house.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

function folder(): { root: string; dir: string } {
  const { dir: root, stop } = scratch();
  open.push({ stop });
  return { root, dir: join(root, 'alertmanager') };
}

const amtool = (dir: string): Command[] => [{ file: 'amtool', args: ['check-config', '--', join(dir, 'alertmanager.yml')] }];
const install = (
  dir: string,
  files: Readonly<Record<string, string>>,
  check: (dir: string) => readonly Command[] = amtool,
): Promise<{ changed: boolean }> => installFiles({ dir, files, part: 'Alertmanager', check, run });

const good = alertmanagerFiles(alertmanager({ receivers: allReceivers }));

test('files that the tool agrees with are put into place, for their owner only', async () => {
  const { root, dir } = folder();
  expect(await install(dir, good)).toEqual({ changed: true });
  for (const [name, text] of Object.entries(good)) {
    expect(readFileSync(join(dir, name), 'utf8')).toBe(text);
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  }
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(readdirSync(root)).toEqual([basename(dir)]);
});

test('the same files are neither checked nor touched', async () => {
  const { dir } = folder();
  await install(dir, good);
  const before = statSync(join(dir, 'alertmanager.yml')).mtimeMs;
  expect(await install(dir, good, () => expect.unreachable('it was checked'))).toEqual({ changed: false });
  expect(statSync(join(dir, 'alertmanager.yml')).mtimeMs).toBe(before);
});

test('what the tool refuses leaves everything as it was, and its words are told', async () => {
  const { root, dir } = folder();
  await install(dir, good);
  const bad = alertmanagerFiles(alertmanager({ receivers: [receiver('telegram', { chatId: '0' })] }));
  const words = /^amtool refuses the file made for Alertmanager: .*missing chat_id.* The old file stays\.$/;
  await expect(install(dir, bad)).rejects.toMatchObject({ code: 'derived-refused', message: expect.stringMatching(words) });
  await expect(install(dir, bad)).rejects.not.toMatchObject({ message: expect.stringContaining(root) });
  for (const [name, text] of Object.entries(good)) expect(readFileSync(join(dir, name), 'utf8')).toBe(text);
  expect(readdirSync(root)).toEqual([basename(dir)]);
});

test('other files in the folder stay, and names that leave it are a bug', async () => {
  const { root, dir } = folder();
  mkdirSync(dir);
  writeFileSync(join(dir, 'note'), 'mine');
  await install(dir, good);
  expect(readFileSync(join(dir, 'note'), 'utf8')).toBe('mine');
  await expect(install(dir, { ...good, '../escaped': 'x' })).rejects.toMatchObject({ code: 'bug' });
  expect(existsSync(join(root, 'escaped'))).toBe(false);
});

test('a tool that never ends is refused too', async () => {
  const { dir } = folder();
  const hanging = installFiles({
    dir,
    files: good,
    part: 'Alertmanager',
    check: () => [{ file: 'sleep', args: ['60'] }],
    run: (command, limits) => run(command, { ...limits, timeoutMs: 100 }),
  });
  await expect(hanging).rejects.toMatchObject({ code: 'derived-refused', message: expect.stringContaining('did not finish') });
  expect(readdirSync(dir)).toEqual([]);
});
