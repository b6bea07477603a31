import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { installPackages } from '../../src/tools/packages.ts';
import { type EnsureOptions, ensureParts, findPart } from '../../src/tools/parts.ts';
import { type FetchBytes, installRelease, releaseFolder } from '../../src/tools/release.ts';
import { run } from '../../src/tools/run.ts';

vi.setConfig({ testTimeout: 60_000 });

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'vigia parts '))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function must(file: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
}

describe('findPart', () => {
  test('takes the first program on PATH, under the name of the distribution or of upstream', () => {
    const upstream = write(join(dir, 'bin', 'alertmanager'), '#!/bin/sh\n');
    expect(findPart('alertmanager', { partsDir: join(dir, 'parts'), env: { PATH: join(dir, 'bin') } })).toEqual({
      name: 'alertmanager',
      from: 'path',
      file: upstream,
      env: {},
    });
    const distribution = write(join(dir, 'bin', 'prometheus-alertmanager'), '#!/bin/sh\n');
    expect(findPart('alertmanager', { partsDir: dir, env: { PATH: `/nowhere:${join(dir, 'bin')}` } })?.file).toBe(distribution);
  });

  test('does not take what cannot be executed, nor folders, nor a relative PATH', () => {
    write(join(dir, 'bin', 'prometheus-alertmanager'), 'text', 0o644);
    mkdirSync(join(dir, 'bin', 'alertmanager'));
    const found = findPart('alertmanager', { partsDir: dir, env: { PATH: `${join(dir, 'bin')}:.` } });
    expect(found?.file.startsWith(dir) ?? false).toBe(false);
  });
});

/** A repository of packages in a folder, which apt reads with the machine's own apt-get. */
function repository(
  packages: Readonly<Record<string, Readonly<Record<string, string>>>>,
  depends: Readonly<Record<string, string>> = {},
): void {
  const stanzas: string[] = [];
  for (const [name, files] of Object.entries(packages)) {
    const root = join(dir, 'build', name);
    const control = `Package: ${name}\nVersion: 99:1\nArchitecture: all\nMaintainer: nobody\nDescription: test\n`;
    const withDepends = depends[name] === undefined ? control : `${control}Depends: ${depends[name]}\n`;
    write(join(root, 'DEBIAN', 'control'), withDepends, 0o644);
    for (const [path, text] of Object.entries(files)) write(join(root, path), text);
    const archive = join(dir, 'repository', `${name}.deb`);
    mkdirSync(dirname(archive), { recursive: true });
    must('dpkg-deb', '--build', '--root-owner-group', root, archive);
    const bytes = readFileSync(archive);
    stanzas.push(
      `${withDepends}Filename: ./${name}.deb\nSize: ${bytes.length}\nSHA256: ${createHash('sha256').update(bytes).digest('hex')}\n`,
    );
  }
  write(join(dir, 'repository', 'Packages'), stanzas.join('\n'), 0o644);
  // apt takes no spaces in a URI: it gets them quoted as %20.
  const uri = join(dir, 'repository').replaceAll(' ', '%20');
  const sources = write(join(dir, 'apt', 'sources.list'), `deb [trusted=yes] copy:${uri} ./\n`, 0o644);
  const settings = `Dir::Etc::sourcelist "${sources}";\nDir::Etc::sourceparts "/dev/null";\nDir::Etc::preferencesparts "/dev/null";\n`;
  process.env['APT_CONFIG'] = write(join(dir, 'apt', 'apt.conf'), settings, 0o644);
}

describe.skipIf(spawnSync('apt-get', ['--version']).status !== 0)('installPackages', () => {
  afterEach(() => delete process.env['APT_CONFIG']);

  const install = (packages: readonly string[], lines: string[] = [], complete = () => true) =>
    installPackages(packages, { into: join(dir, 'packages'), progress: (line) => lines.push(line), complete });

  test('unpacks packages with what they depend on, says what it does, and leaves only the tree', async () => {
    const library = { 'usr/lib/x86_64-linux-gnu/libvigia.so.1': 'library', 'usr/share/fonts/test.ttf': 'font' };
    repository(
      { 'vigia-test': { 'usr/bin/vigia-test': '#!/bin/sh\necho "$LD_LIBRARY_PATH"\n' }, 'libvigia-test': library },
      { 'vigia-test': 'libvigia-test' },
    );
    const lines: string[] = [];
    await install(['vigia-test'], lines);
    expect(readdirSync(join(dir, 'packages'))).toEqual(['vigia-test']);
    expect(existsSync(join(dir, 'packages', 'vigia-test', 'usr/lib/x86_64-linux-gnu/libvigia.so.1'))).toBe(true);
    expect(readFileSync(join(dir, 'packages', 'vigia-test', 'fonts.conf'), 'utf8')).toContain(
      `<dir>${join(dir, 'packages', 'vigia-test')}/usr/share/fonts</dir>`,
    );
    expect(lines.map((line) => line.replace(/[\d.]+ MB/, 'n MB'))).toEqual([
      "Reading the lists of the distribution's packages",
      'Downloading 2 packages, n MB',
      'Unpacking 2 packages',
    ]);
  });

  test('turns the absolute paths inside a known program into relative ones of the same length', async () => {
    const program = '#!/bin/sh\ncat /usr/share/prometheus/alertmanager/default.tmpl\n';
    repository({
      'prometheus-alertmanager': {
        'usr/bin/prometheus-alertmanager': program,
        'usr/bin/amtool': '#!/bin/sh\n',
        'usr/share/prometheus/alertmanager/default.tmpl': 'the template of the tree',
      },
    });
    await install(['prometheus-alertmanager']);
    const tree = join(dir, 'packages', 'prometheus-alertmanager');
    const file = join(tree, 'usr/bin/prometheus-alertmanager');
    expect(readFileSync(file)).toHaveLength(program.length);
    const result = await run({ file, args: [], cwd: tree }, { timeoutMs: 10_000, maxBytes: 1_000 });
    expect(result.stdout).toBe('the template of the tree');
  });

  test('names what apt said, and leaves nothing', async () => {
    repository({ 'vigia-test': {} });
    await expect(install(['vigia-no-such-package'])).rejects.toThrow(
      /apt-get install failed: E: Unable to locate package vigia-no-such-package/,
    );
    expect(readdirSync(join(dir, 'packages'))).toEqual([]);
  });

  test('refuses a package that is not what the list says', async () => {
    repository({ 'vigia-test': { 'usr/bin/vigia-test': 'x' } });
    const archive = join(dir, 'repository', 'vigia-test.deb');
    const bytes = readFileSync(archive);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 0xff, bytes.length - 20);
    writeFileSync(archive, bytes);
    await expect(install(['vigia-test'])).rejects.toThrow(/apt-get install --download-only failed/);
    expect(readdirSync(join(dir, 'packages'))).toEqual([]);
  });

  test('throws a tree away that does not hold the program', async () => {
    repository({ 'vigia-test': { 'usr/bin/other': 'x' } });
    await expect(install(['vigia-test'], [], () => false)).rejects.toThrow(/do not hold the programs they are known for/);
    expect(readdirSync(join(dir, 'packages'))).toEqual([]);
  });

  test('takes the result of another process that was faster', async () => {
    repository({ 'vigia-test': { 'usr/bin/vigia-test': 'x' } });
    await Promise.all([install(['vigia-test']), install(['vigia-test'])]);
    expect(readdirSync(join(dir, 'packages'))).toEqual(['vigia-test']);
  });
});

/** A mirror of official releases on loopback; `answers` maps a path to its body, a missing one is a 404. */
async function mirror(
  answers: ReadonlyMap<string, Buffer>,
  cutAfter = Number.POSITIVE_INFINITY,
): Promise<{ server: Server; url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = answers.get(request.url ?? '');
    if (body === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-length': body.length });
    if (body.length <= cutAfter) return void response.end(body);
    response.write(body.subarray(0, cutAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const fetchBytes: FetchBytes = async (url, _maxBytes, deadlineMs) => {
  const response = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
};

describe('official releases', () => {
  const release = { repository: 'prometheus', version: '2.53.4' };
  const folder = releaseFolder(release);
  const archiveName = `${folder}.tar.gz`;
  const base = `/prometheus/releases/download/v${release.version}`;
  let archive = Buffer.alloc(0);
  let sums = Buffer.alloc(0);
  const servers: Server[] = [];

  beforeEach(() => {
    write(join(dir, 'source', folder, 'prometheus'), '#!/bin/sh\necho prometheus\n');
    write(join(dir, 'source', folder, 'promtool'), '#!/bin/sh\n');
    must('tar', '-czf', join(dir, archiveName), '-C', join(dir, 'source'), folder);
    archive = readFileSync(join(dir, archiveName));
    const checksum = createHash('sha256').update(archive).digest('hex');
    sums = Buffer.from(`${'0'.repeat(64)}  ${folder}.zip\n${checksum}  ${archiveName}\n`);
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function install(answers: ReadonlyMap<string, Buffer>, checksums: Record<string, string> = {}, cutAfter?: number) {
    const { server, url, asked } = await mirror(answers, cutAfter);
    servers.push(server);
    const lines: string[] = [];
    const done = installRelease(release, {
      into: join(dir, 'parts', 'releases'),
      baseUrl: `${url}/`,
      checksums,
      fetch: fetchBytes,
      progress: (line) => lines.push(line),
    });
    return { done, asked, lines, url };
  }
  const both = () =>
    new Map([
      [`${base}/sha256sums.txt`, sums],
      [`${base}/${archiveName}`, archive],
    ]);
  const installed = () => (existsSync(join(dir, 'parts', 'releases')) ? readdirSync(join(dir, 'parts', 'releases')) : []);

  test('are verified against sha256sums.txt, unpacked and found', async () => {
    const { done, lines } = await install(both());
    await done;
    expect(installed()).toEqual([folder]);
    expect(lines.at(-1)).toContain('checksum verified');
    const file = join(dir, 'parts', 'releases', folder, 'prometheus');
    expect((await run({ file, args: [] }, { timeoutMs: 10_000, maxBytes: 100 })).stdout).toBe('prometheus\n');
  });

  test('a wrong checksum installs nothing and names both', async () => {
    sums = Buffer.from(`${'a'.repeat(64)}  ${archiveName}\n`);
    const { done } = await install(both());
    await expect(done).rejects.toMatchObject({ code: 'part-checksum', params: { file: archiveName, expected: 'a'.repeat(64) } });
    await expect(done).rejects.toThrow(/Nothing was installed/);
    expect(installed()).toEqual([]);
  });

  test('a pinned checksum is believed instead of the list, which is not even asked for', async () => {
    const right = createHash('sha256').update(archive).digest('hex');
    const good = await install(both(), { [archiveName]: right });
    await good.done;
    expect(good.asked).toEqual([`${base}/${archiveName}`]);
    rmSync(join(dir, 'parts'), { recursive: true });
    const bad = await install(both(), { [archiveName]: 'b'.repeat(64) });
    await expect(bad.done).rejects.toMatchObject({ code: 'part-checksum', params: { source: 'parts.checksums' } });
    expect(installed()).toEqual([]);
  });

  test('a list without the archive installs nothing', async () => {
    sums = Buffer.from(`${'c'.repeat(64)}  other.tar.gz\nnonsense ${archiveName}\n`);
    const { done, asked } = await install(both());
    await expect(done).rejects.toThrow(`it names no checksum for ${archiveName}`);
    expect(asked).toHaveLength(1);
    expect(installed()).toEqual([]);
  });

  test('a truncated body of the promised length, a broken connection and a 404 install nothing', async () => {
    const cut = await install(both(), {}, 200);
    await expect(cut.done).rejects.toMatchObject({ code: 'part-download' });
    const short = await install(new Map([...both(), [`${base}/${archiveName}`, archive.subarray(0, 100)]]));
    await expect(short.done).rejects.toMatchObject({ code: 'part-checksum' });
    const absent = await install(new Map([[`${base}/sha256sums.txt`, sums]]));
    await expect(absent.done).rejects.toThrow('the server answered 404');
    expect(installed()).toEqual([]);
  });

  test('an archive with another content than promised installs nothing', async () => {
    archive = Buffer.from('not an archive');
    sums = Buffer.from(`${createHash('sha256').update(archive).digest('hex')}  ${archiveName}\n`);
    const { done } = await install(both());
    await expect(done).rejects.toThrow(/tar: /);
    expect(installed()).toEqual([]);
  });
});

describe('ensureParts', () => {
  const lines: string[] = [];
  /** A machine without any of the programs and without apt. */
  const options = (more: Partial<EnsureOptions> = {}): EnsureOptions => ({
    partsDir: join(dir, 'parts'),
    systemRoot: join(dir, 'system'),
    env: { PATH: join(dir, 'bin') },
    install: true,
    progress: (line) => lines.push(line),
    ...more,
  });
  beforeEach(() => void lines.splice(0));

  test('returns what is there without asking anybody', async () => {
    const file = write(join(dir, 'bin', 'amtool'), '#!/bin/sh\n');
    const parts = await ensureParts(['amtool'], options({ install: false }));
    expect(parts.amtool.file).toBe(file);
    expect(existsSync(join(dir, 'parts'))).toBe(false);
    expect(lines).toEqual([]);
  });

  test('finds the newest of several versions that the system has', async () => {
    for (const version of ['9.6', '15', '13']) write(join(dir, 'system', 'usr/lib/postgresql', version, 'bin/initdb'), '#!/bin/sh\n');
    const parts = await ensureParts(['initdb'], options({ install: false }));
    expect(parts.initdb.file).toBe(join(dir, 'system', 'usr/lib/postgresql/15/bin/initdb'));
  });

  test('without leave to install, refuses with the list, the size and the command that helps', async () => {
    await expect(ensureParts(['prometheus', 'promtool', 'amtool'], options({ install: false }))).rejects.toMatchObject({
      code: 'part-missing',
      params: { part: 'prometheus, promtool, amtool', reason: 'nothing may be installed (about 34 MB to download)' },
    });
    await expect(ensureParts(['prometheus', 'amtool'], options({ install: false }))).rejects.toThrow(
      /This helps: (sudo )?apt-get install --no-install-recommends prometheus prometheus-alertmanager$/,
    );
    expect(existsSync(join(dir, 'parts'))).toBe(false);
  });

  test('says what it will install before it does, and names all that was tried', async () => {
    const fetch: FetchBytes = async () => ({ status: 503, body: Buffer.alloc(0) });
    const tried = ensureParts(['prometheus'], options({ fetch, releaseUrl: 'http://mirror.example' }));
    await expect(tried).rejects.toMatchObject({ code: 'part-missing' });
    await expect(tried).rejects.toThrow(
      /packages: the distribution has no apt; official release: .*sha256sums.txt failed: the server answered 503/,
    );
    expect(lines[0]).toBe(`Installing prometheus into ${join(dir, 'parts')} (about 23 MB to download; packages: prometheus)`);
    await expect(ensureParts(['chromium'], options({ fetch }))).rejects.toThrow(
      /chromium is not installed and could not be had: the distribution has no apt/,
    );
  });

  test('takes official releases where the distribution has none, and finds them again', async () => {
    const names = ['prometheus', 'promtool', 'alertmanager', 'amtool', 'node_exporter'] as const;
    const archiveOf = (folder: string): Buffer => {
      const archive = join(dir, `${folder}.tar.gz`);
      // Made once: tar writes the second in which its files were written, and the list must name the same bytes.
      if (!existsSync(archive)) {
        for (const name of names) write(join(dir, 'source', folder, name), '#!/bin/sh\n');
        must('tar', '-czf', archive, '-C', join(dir, 'source'), folder);
      }
      return readFileSync(archive);
    };
    const fetch: FetchBytes = async (url) => {
      const body = archiveOf(folderOf(url));
      const line = `${createHash('sha256').update(body).digest('hex')}  ${folderOf(url)}.tar.gz\n`;
      return { status: 200, body: url.endsWith('.txt') ? Buffer.from(line) : body };
    };
    const found = await ensureParts(names, options({ fetch }));
    for (const name of names) expect(found[name]).toMatchObject({ from: 'release', env: {} });
    const again = await ensureParts(names, options({ install: false }));
    expect(again).toEqual(found);
  });
});

/** The archive's folder, from the address of anything of its release. */
function folderOf(url: string): string {
  const [, repository = '', version = ''] = /\/([a-z_]+)\/releases\/download\/v([\d.]+)\//.exec(url) ?? [];
  return releaseFolder({ repository, version });
}
