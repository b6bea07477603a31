import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { type HttpStandIn, startHttp } from '../stand-ins/http.ts';
import { scratch, write } from '../stand-ins/real.ts';

/** What people paste on their hosts, against a mirror on loopback. */
const deploy = join(import.meta.dirname, '..', '..', 'deploy');
const agents = join(deploy, 'agents');
const limits = { timeoutMs: 30_000, maxBytes: 100_000 };
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const name = `node_exporter-1.9.1.linux-${architectures[process.arch] ?? process.arch}`;

let dir = '';
let tidy: () => Promise<void>;
let archive: Buffer;
let served: Record<string, Buffer | string>;
let asked: string[];
let mirror: HttpStandIn;

beforeEach(async () => {
  ({ dir, stop: tidy } = scratch());
  write(dir, { [`made/${name}/node_exporter`]: '#!/bin/sh\necho node_exporter\n', [`made/${name}/LICENSE`]: 'its licence\n' });
  const made = await run({ file: 'tar', args: ['-czf', join(dir, 'archive'), '-C', join(dir, 'made'), name] }, limits);
  expect(made.exitCode).toBe(0);
  archive = readFileSync(join(dir, 'archive'));
  served = { 'sha256sums.txt': `${'0'.repeat(64)}  other.tar.gz\n${sha256(archive)}  ${name}.tar.gz\n`, [`${name}.tar.gz`]: archive };
  asked = [];
  mirror = await startHttp((request, response) => {
    asked.push(request.url ?? '');
    const body = served[(request.url ?? '').replace('/v1.9.1/', '')];
    if (body === undefined) response.writeHead(404).end('Not Found');
    else response.end(body);
  });
});
afterEach(async () => {
  await mirror.stop();
  await tidy();
});

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** As `ssh root@HOST sh -s -- … <linux.sh` runs it: the script comes by standard input. */
async function paste(script: string, args: readonly string[], path = process.env['PATH'] ?? '') {
  const input = readFileSync(join(agents, script));
  const command = { file: '/bin/sh', args: ['-s', '--', ...args], env: { PATH: path, TMPDIR: dir } };
  return run(command, { ...limits, input });
}
const linux = (...args: string[]) => paste('linux.sh', ['--root', join(dir, 'host'), '--mirror', mirror.url, ...args]);
const installed = () => existsSync(join(dir, 'host'));
/** Nothing stays in the folder for temporary files, either. */
const leftovers = () => readdirSync(dir).filter((each) => !['made', 'archive', 'host', 'bin'].includes(each));

describe('deploy/agents/linux.sh', () => {
  test('installs the release whose checksum the list of the release names', async () => {
    const { exitCode, stdout, stderr } = await linux('--allow', '192.0.2.7', '--listen', '127.0.0.1:9200');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const program = join(dir, 'host/usr/local/bin/node_exporter');
    expect(readFileSync(program, 'utf8')).toBe('#!/bin/sh\necho node_exporter\n');
    expect(statSync(program).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(dir, 'host/etc/systemd/system/node_exporter.service'), 'utf8')).toContain(
      'ExecStart=/usr/local/bin/node_exporter --web.listen-address=127.0.0.1:9200\n',
    );
    expect(stdout).toContain(`checksum ${sha256(archive)}`);
    expect(stdout).toContain('ufw allow from 192.0.2.7 to any port 9200 proto tcp');
    expect(asked).toEqual(['/v1.9.1/sha256sums.txt', `/v1.9.1/${name}.tar.gz`]);
    expect(leftovers()).toEqual([]);
  });

  test('believes a checksum that is given, and then asks for no list', async () => {
    expect((await linux('--sha256', sha256(archive))).exitCode).toBe(0);
    expect(asked).toEqual([`/v1.9.1/${name}.tar.gz`]);
  });

  const broken: readonly [string, () => readonly string[], string][] = [
    [
      'a wrong checksum in the list',
      () => ((served['sha256sums.txt'] = `${'a'.repeat(64)}  ${name}.tar.gz\n`), []),
      'nothing was installed',
    ],
    ['another checksum than the given one', () => ['--sha256', 'b'.repeat(64)], 'nothing was installed'],
    ['an archive that is cut short', () => ((served[`${name}.tar.gz`] = archive.subarray(0, 100)), []), 'nothing was installed'],
    ['a list without the archive', () => ((served['sha256sums.txt'] = `${'a'.repeat(64)}  ${name}.tar.gz.asc\n`), []), 'names no checksum'],
    ['a list that is an error page', () => ((served['sha256sums.txt'] = '<html>Not Found</html>'), []), 'names no checksum'],
    ['no list', () => (delete served['sha256sums.txt'], []), 'could not be downloaded'],
    ['no archive', () => (delete served[`${name}.tar.gz`], []), 'could not be downloaded'],
    [
      'an archive without the program',
      () => {
        const other = readFileSync(join(deploy, 'agents/linux.sh'));
        served[`${name}.tar.gz`] = other;
        return ['--sha256', sha256(other)];
      },
      'holds no node_exporter',
    ],
  ];
  test.each(broken)('installs nothing after %s', async (_, breakIt, reason) => {
    const { exitCode, stderr } = await linux(...breakIt());
    expect(exitCode).toBe(1);
    expect(stderr).toContain(reason);
    expect(installed()).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test('does nothing when the connection breaks while it is sent', async () => {
    const text = readFileSync(join(agents, 'linux.sh'), 'utf8');
    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      const input = text.slice(0, Math.floor(text.length * part));
      const args = ['-s', '--', '--root', join(dir, 'host'), '--mirror', mirror.url];
      await run({ file: '/bin/sh', args, env: { PATH: process.env['PATH'] ?? '', TMPDIR: dir } }, { ...limits, input });
    }
    expect(asked).toEqual([]);
    expect(installed()).toBe(false);
  });

  test.each([
    ['--version', '1.9.1; reboot'],
    ['--version', '../../1.9.1'],
    ['--listen', ':9100 --collector.textfile.directory=/etc'],
    ['--listen', ':9100\nExecStartPre=/bin/true'],
    ['--mirror', 'file:///etc'],
    ['--sha256', 'abc'],
    ['--allow', '192.0.2.7; reboot'],
    ['--nonsense', ''],
  ])('refuses %s %j', async (option, value) => {
    const { exitCode, stderr } = await linux(option, value);
    expect({ exitCode, asked }).toEqual({ exitCode: 1, asked: [] });
    expect(stderr).toContain('linux.sh: ');
    expect(installed()).toBe(false);
  });
});

describe('deploy/agents/docker.sh', () => {
  /** A docker that tells what it was asked, and fails at the word in `fails`. */
  const docker = (fails = 'nothing'): string => {
    write(dir, {
      'bin/docker': `#!/bin/sh\necho "$*" >>"${dir}/host"\ncase "$*" in *"${fails}"*) exit 1 ;; *RepoDigests*) echo ghcr.io/google/cadvisor@sha256:abc ;; esac\n`,
    });
    chmodSync(join(dir, 'bin/docker'), 0o755);
    return `${join(dir, 'bin')}:/usr/bin:/bin`;
  };
  const calls = () => (installed() ? readFileSync(join(dir, 'host'), 'utf8').trim().split('\n') : []);

  test('runs the pinned image on the given address, not privileged', async () => {
    const { exitCode, stdout } = await paste('docker.sh', ['--listen', '192.0.2.8:9101'], docker('container inspect'));
    expect(exitCode).toBe(0);
    const [pull, , start] = calls();
    expect(pull).toBe('pull --quiet ghcr.io/google/cadvisor:0.56.2');
    expect(start).toContain('--publish 192.0.2.8:9101:8080 ghcr.io/google/cadvisor:0.56.2 ');
    expect(start).not.toContain('--privileged');
    expect(stdout).toContain('ghcr.io/google/cadvisor@sha256:abc');
    expect(stdout).toContain('DOCKER-USER');
  });

  test('replaces its own container, and watches the same as compose.yml', async () => {
    expect((await paste('docker.sh', ['--digest', `sha256:${'a'.repeat(64)}`], docker())).exitCode).toBe(0);
    expect(calls()[0]).toBe(`pull --quiet ghcr.io/google/cadvisor:0.56.2@sha256:${'a'.repeat(64)}`);
    expect(calls()[2]).toBe('rm --force vigia-cadvisor');
    const compose = readFileSync(join(deploy, 'compose.yml'), 'utf8');
    const [metrics = 'none'] = /--disable_metrics=\S+/.exec(compose) ?? [];
    expect(calls()[3]).toContain(metrics);
    expect(compose).toContain('image: ghcr.io/google/cadvisor:0.56.2\n');
  });

  test('changes nothing when the image cannot be had', async () => {
    const { exitCode, stderr } = await paste('docker.sh', [], docker('pull'));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('nothing was changed');
    expect(calls()).toHaveLength(1);
  });

  test.each([
    ['--listen', '192.0.2.8:9101 --privileged'],
    ['--digest', 'sha256:abc'],
    ['--version', 'latest'],
    ['--image', '-v /:/host'],
  ])('refuses %s %j', async (option, value) => {
    const { exitCode } = await paste('docker.sh', [option, value], docker());
    expect({ exitCode, calls: calls() }).toEqual({ exitCode: 1, calls: [] });
  });
});

describe('deploy/agents/windows.ps1', () => {
  const text = readFileSync(join(agents, 'windows.ps1'), 'utf8');
  const at = (what: string): number => {
    const found = text.indexOf(what);
    expect({ what, found: found >= 0 }).toEqual({ what, found: true });
    return found;
  };

  test('installs after the checksum and the signature were looked at, and stops at the first error', () => {
    expect(at("$ErrorActionPreference = 'Stop'")).toBeLessThan(at('Invoke-WebRequest'));
    expect(at('sha256sums.txt"')).toBeLessThan(at('Get-FileHash'));
    expect(at('if ($found -ne $Sha256) { throw')).toBeLessThan(at('Get-AuthenticodeSignature'));
    expect(at("-eq 'HashMismatch') { throw")).toBeLessThan(at('Start-Process'));
    expect(text.match(/Start-Process|msiexec\.exe/g)).toHaveLength(2);
  });

  test('holds no checksum of its own, pins the version, and checks every parameter', () => {
    expect(text).not.toMatch(/\b[0-9a-fA-F]{64}\b/);
    const [, parameters = ''] = /param\(\n([\s\S]*?)\n\)/.exec(text) ?? [];
    const lines = parameters.split('\n');
    expect(lines.length).toBe(6);
    expect(lines.filter((line) => !/^ {2}\[Validate(Pattern|Range)\(.+\)\] \[(string|int)\] \$\w+ = /.test(line))).toEqual([]);
    expect(parameters).toContain("$Version = '0.31.2'");
  });

  test('asks for the collectors that the profile reads', () => {
    const [, collectors = ''] = /\$Collectors = '([a-z_,]+)'/.exec(text) ?? [];
    const profile = readFileSync(join(deploy, '..', 'profiles/windows-host.yml'), 'utf8');
    const families = ['cpu', 'logical_disk', 'memory', 'net', 'os', 'system'];
    expect(families.filter((family) => profile.includes(`windows_${family}_`))).toEqual(families);
    expect(families.filter((family) => !collectors.split(',').includes(family))).toEqual([]);
  });
});

const shellcheck = executableIn('shellcheck', process.env['PATH'] ?? '');
test.skipIf(shellcheck === null).each(['agents/linux.sh', 'agents/docker.sh', 'start.sh', 'secrets.sh'])(
  'shellcheck agrees with deploy/%s (skipped where it is missing)',
  async (file) => {
    const result = await run({ file: 'shellcheck', args: ['--shell', 'sh', join(deploy, file)] }, limits);
    expect({ code: result.exitCode, said: result.stdout }).toEqual({ code: 0, said: '' });
  },
);
