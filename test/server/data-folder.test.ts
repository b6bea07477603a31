import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keptSecret, openDataFolder, runningOn, takeDataFolder } from '../../src/server/data-folder.ts';
import { choosePorts } from '../../src/server/ports.ts';

const root = mkdtempSync(join(tmpdir(), 'vigia-data-'));
afterAll(() => rmSync(root, { recursive: true }));
const self = { internalUrl: 'http://127.0.0.1:2', token: 'x' };
let count = 0;
const folder = (): string => {
  const dir = join(root, String(count++));
  mkdirSync(dir);
  return dir;
};

describe('data folder', () => {
  it('belongs to one Vigía at a time', () => {
    const dir = folder();
    const taken = takeDataFolder(dir, self);
    expect(runningOn(dir)).toMatchObject({ pid: process.pid, url: '' });
    taken.announce('http://127.0.0.1:1');
    expect(runningOn(dir)?.url).toBe('http://127.0.0.1:1');
    expect(() => takeDataFolder(dir, self)).toThrow(`Another Vigía (pid ${process.pid}) already uses the data folder ${dir}.`);
    taken.release();
    expect(runningOn(dir)).toBeNull();
    takeDataFolder(dir, self).release();
  });

  it('is free again after its Vigía was killed, even when the pid belongs to somebody else by now', () => {
    const dir = folder();
    writeFileSync(join(dir, 'running.json'), JSON.stringify({ ...self, pid: process.pid, startTicks: '1' }));
    expect(runningOn(dir)).toBeNull();
    takeDataFolder(dir, self).release();
  });

  it('is free again when its file is cut off', () => {
    const dir = folder();
    writeFileSync(join(dir, 'running.json'), '{"pid": 12');
    takeDataFolder(dir, self).release();
  });

  it('keeps what names credentials from others', () => {
    const dir = folder();
    const secret = keptSecret(dir, 'token');
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(keptSecret(dir, 'token')).toBe(secret);
    const taken = takeDataFolder(dir, self);
    for (const name of ['token', 'running.json']) expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
    taken.release();
  });

  it('says what to do when it cannot be written', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => openDataFolder(join(file, 'data'))).toThrow(/^Cannot write in the data folder .*: ENOTDIR.*Give another with --data DIR/);
    if (process.getuid?.() === 0) return;
    const closed = folder();
    chmodSync(closed, 0o500);
    expect(() => openDataFolder(closed)).toThrow('EACCES');
  });
});

describe('ports', () => {
  it('stay the same over restarts while they are free', async () => {
    const dir = folder();
    const first = await choosePorts(dir, ['a', 'b', 'c']);
    expect(new Set(Object.values(first)).size).toBe(3);
    expect(await choosePorts(dir, ['a', 'b', 'c'])).toEqual(first);
  });

  it('give way to whoever took one meanwhile', async () => {
    const dir = folder();
    const first = await choosePorts(dir, ['a', 'b']);
    const squatter = createServer().listen(first.a, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const second = await choosePorts(dir, ['a', 'b']);
    expect(second.a).not.toBe(first.a);
    expect(second.b).toBe(first.b);
    await new Promise((resolve) => squatter.close(resolve));
  });
});
