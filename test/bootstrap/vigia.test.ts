import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { arch, asked, bin, clone, dir, inState, link, lockfile, node, npm, servers, version, vigia, write } from './machine.ts';
describe('where npm is', () => {
  test('installs what the lockfile says, says so before, and hands the arguments over as they are', async () => {
    write(join(bin, 'node'), node('18.20.4'));
    write(join(bin, 'npm'), npm());
    const { code, out, err } = await vigia(['up', '--data', 'a folder', '']);
    expect(err).toBe(`Vigía needs to install first, into ${clone}:
  - Node.js and the npm packages (about 170 MB to download), as package-lock.json lists them
  Installing Node.js ${version} (npm ci)
  Installing the packages of package-lock.json (npm ci)
Installed.
`);
    expect(out).toBe(`node ${version} in ${dir}:
<--disable-warning=ExperimentalWarning>
<--max-semi-space-size=2>
<--no-parallel-scavenge>
<--optimize-for-size>
<${clone}/src/cli/main.ts>
<up>
<--data>
<a folder>
<>
`);
    expect(code).toBe(0);
    const ci = 'npm ci --ignore-scripts --no-audit --no-fund --no-progress';
    expect(asked()).toEqual([
      `${clone}/.vigia/node.work: ${ci} (node v18.20.4, cache ${clone}/.vigia/npm-cache)`,
      `${clone}: ${ci} --omit=dev (node v${version}, cache ${clone}/.vigia/npm-cache)`,
    ]);
    expect(inState()).toEqual(['install.log', 'installed', 'lock']);
  });

  test('a second start installs nothing and says nothing of its own', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm());
    await vigia();
    rmSync(join(bin, 'npm'));
    const { code, err, out } = await vigia(['status', '--no-install']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('<--no-install>');
    expect(asked()).toHaveLength(1);
  });

  test('its version is told where nothing is installed, and nothing is installed for it', async () => {
    write(join(clone, 'package.json'), '{\n  "name": "vigia",\n  "version": "4.5.6",\n  "type": "module"\n}\n');
    for (const asks of ['--version', 'version']) expect(await vigia([asks])).toEqual({ code: 0, out: '4.5.6\n', err: '' });
    expect(existsSync(join(clone, '.vigia'))).toBe(false);
  });

  test('a changed lockfile, removed packages and a removed Node.js are installed again', async () => {
    write(join(bin, 'node'), node('20.1.0'));
    write(join(bin, 'npm'), npm());
    await vigia();
    write(join(clone, 'package-lock.json'), lockfile('two'));
    expect((await vigia()).err).toContain('Installed.');
    expect(asked()).toHaveLength(3);
    expect(asked()[2]).toContain(`(node v${version}`);
    rmSync(join(clone, 'node_modules'), { recursive: true });
    expect((await vigia()).err).toContain('Installed.');
    rmSync(join(clone, 'node_modules', `node-linux-${arch}`), { recursive: true });
    const { err, code } = await vigia();
    expect(err).toContain('  - Node.js\n');
    expect(code).toBe(0);
    expect((await vigia()).err).toBe('');
  });

  test('"test" installs all, which "up" can use too, and starts the checks', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm());
    await vigia(['up']);
    const { out, err } = await vigia(['test', 'store']);
    expect(err).toContain('for running and for testing');
    expect(out).toContain(`<${clone}/test/all.ts>\n<store>\n`);
    expect(out).not.toContain('<test>');
    expect(asked().map((line) => /--(omit|include)=dev/.exec(line)?.[0])).toEqual(['--omit=dev', '--include=dev']);
    expect((await vigia(['up'])).err).toBe('');
  });

  test('--no-install refuses with one sentence and touches nothing', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm());
    const { code, out, err } = await vigia(['up', '--no-install']);
    expect({ code, out }).toEqual({ code: 69, out: '' });
    expect(err).toBe(
      'vigia: the packages of package-lock.json or Node.js 24.12 are missing here. Start it once without --no-install to install them.\n',
    );
    expect(asked()).toEqual([]);
    expect(inState()).toEqual([]);
  });

  test("npm's failure is shown with its reason, and the next start tries again", async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm({ fails: 'npm ERR! network request to https://registry.example failed' }));
    const { code, err } = await vigia();
    expect(code).toBe(69);
    expect(err).toContain('npm ERR! network request to https://registry.example failed\n');
    expect(err).toContain(
      'vigia: npm could not install the packages. If the registry cannot be reached from here, name yours with: npm config set',
    );
    write(join(bin, 'npm'), npm());
    expect((await vigia()).code).toBe(0);
  });

  test('a home of its own is respected', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm());
    mkdirSync(join(dir, 'home'));
    await vigia(['up'], { HOME: join(dir, 'home') });
    expect(asked()[0]).toContain('cache of its own');
  });

  test('works through a symbolic link', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm());
    link(join(clone, 'vigia'), join(dir, 'elsewhere', 'vigia'));
    const { out } = await vigia(['up'], {}, join(dir, 'elsewhere', 'vigia'));
    expect(out).toContain(`<${clone}/src/cli/main.ts>`);
  });

  test('two starts at once install once', async () => {
    write(join(bin, 'node'), node('24.12.0'));
    write(join(bin, 'npm'), npm({ slow: true }));
    const both = await Promise.all([vigia(), vigia()]);
    expect(both.map((each) => each.code)).toEqual([0, 0]);
    expect(asked()).toHaveLength(1);
    expect(both.map((each) => each.err).join('')).toContain('Another vigia is installing here; waiting for it.\n');
  });

  test.each(['24.11.9', '9.99.9', 'x'])('Node.js "%s" is not new enough', async (old) => {
    write(join(bin, 'node'), node(old));
    write(join(bin, 'npm'), npm());
    expect((await vigia()).out).toContain(`node ${version} in`);
  });

  test.each(['24.12.0', '100.1.0'])('Node.js "%s" is new enough', async (good) => {
    write(join(bin, 'node'), node(good));
    write(join(bin, 'npm'), npm({ brings: null }));
    expect((await vigia()).out).toContain(`node ${good} in`);
  });
});

/** apt-get as root would call it: it "installs" a Node.js and npm by writing them into `bin`. */
function aptGet(works: boolean): string {
  const install = works
    ? `cat >"${bin}/node" <<'X'\n${node('18.20.4')}X\ncat >"${bin}/npm" <<'X'\n${npm()}X\nchmod +x "${bin}/node" "${bin}/npm"`
    : 'echo "E: Unable to locate package npm"; exit 100';
  return `#!/bin/sh\necho "apt-get $*" >>"${dir}/asked"\ncase "$*" in *install*) ${install} ;; esac\n`;
}
const asRoot = '#!/bin/sh\necho 0\n';
const asUser = '#!/bin/sh\ncase $1 in -u) echo 1000 ;; *) echo somebody ;; esac\n';

function replace(name: string, text: string): void {
  rmSync(join(bin, name), { force: true });
  write(join(bin, name), text);
}

describe('where npm is not', () => {
  test("root installs the distribution's nodejs and npm", async () => {
    replace('id', asRoot);
    write(join(bin, 'apt-get'), aptGet(true));
    write(join(bin, 'dpkg-deb'), '#!/bin/sh\n');
    const { code, err } = await vigia();
    expect(err).toContain(
      "  - npm: the distribution's packages nodejs and npm (about 45 MB to download), or the official archive of Node.js\n",
    );
    expect(err).toContain("  Installing the distribution's nodejs and npm (apt-get install)\n");
    expect(code).toBe(0);
    expect(asked().slice(0, 2)).toEqual([
      'apt-get update -q',
      'apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends nodejs npm',
    ]);
  });

  test('a user gets them unpacked beside the script, from private lists', async () => {
    replace('id', asUser);
    write(
      join(bin, 'apt-get'),
      `#!/bin/sh\necho "apt-get $*" >>"${dir}/asked"\ncase "$*" in *download-only*) : >"${clone}/.vigia/debian.work/cache/archives/npm_1_all.deb" ;; esac\n`,
    );
    const unpack = `#!/bin/sh
echo "dpkg-deb $1 \${2##*/}" >>"${dir}/asked"
mkdir -p "$3/usr/bin" "$3/usr/share/nodejs/npm/bin" "$3/usr/lib/x86_64-linux-gnu"
echo 'opens /usr/share/nodejs/lexer.js' >"$3/usr/lib/x86_64-linux-gnu/libnode.so.108"
cat >"$3/usr/bin/node" <<'X'
#!/bin/sh
if [ "$1" = --version ]; then echo v18.20.4; exit; fi
shift
while [ $# -gt 0 ]; do case $1 in --prefix) cd "$2"; shift 2 ;; *) break ;; esac; done
exec "${dir}/npm" "$@"
X
chmod +x "$3/usr/bin/node"
`;
    write(join(dir, 'npm'), npm());
    write(join(bin, 'dpkg-deb'), unpack);
    const { err } = await vigia();
    expect(err).toContain("  Unpacking the distribution's nodejs and npm\n");
    expect(asked()[0]).toContain(`Dir::State::lists=${clone}/.vigia/debian.work/lists`);
    expect(asked()).toContain('dpkg-deb -x npm_1_all.deb');
    const library = readFileSync(join(clone, '.vigia/debian/usr/lib/x86_64-linux-gnu/libnode.so.108'), 'utf8');
    expect(library).toBe('opens usr/share/nodejs//lexer.js\n');
    expect(inState()).not.toContain('debian.work');
  });

  test('an npm too old for the lockfile counts as none', async () => {
    replace('id', asRoot);
    write(join(bin, 'node'), node('12.0.0'));
    write(join(bin, 'npm'), npm({ version: '6.14.4' }));
    write(join(bin, 'apt-get'), aptGet(true));
    write(join(bin, 'dpkg-deb'), '#!/bin/sh\n');
    expect((await vigia()).err).toContain('(apt-get install)');
  });
});

describe('the official archive of Node.js', () => {
  const name = `node-v${version}-linux-${arch}`;
  let archive = Buffer.alloc(0);

  beforeEach(() => {
    const source = join(dir, 'source', name, 'bin');
    write(join(source, 'node'), node(version));
    write(join(source, 'npm'), npm({ brings: null }));
    spawnSync('tar', ['-czf', join(dir, 'archive.tar.gz'), '-C', join(dir, 'source'), name]);
    archive = readFileSync(join(dir, 'archive.tar.gz'));
    // curl as far as the script needs it, on Node.js: --output FILE URL. Its path may hold spaces, which no "#!" line takes.
    write(join(bin, 'curl'), `#!/bin/sh\nexec '${process.execPath}' '${join(dir, 'curl.cjs')}' "$@"\n`);
    write(
      join(dir, 'curl.cjs'),
      `const [output, url] = process.argv.slice(-2);
fetch(url).then(async (response) => {
  if (!response.ok) { console.error('curl: (22) The requested URL returned error: ' + response.status); process.exit(22); }
  require('node:fs').writeFileSync(output, Buffer.from(await response.arrayBuffer()));
}).catch(() => { console.error('curl: (18) transfer closed with bytes remaining'); process.exit(18); });
`,
    );
  });

  async function mirror(sums: string, cutAfter?: number): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url === `/dist/v${version}/SHASUMS256.txt`) return void response.end(sums);
      if (request.url !== `/dist/v${version}/${name}.tar.gz`) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-length': archive.length });
      if (cutAfter === undefined) return void response.end(archive);
      response.write(archive.subarray(0, cutAfter), () => response.destroy());
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/dist/`;
  }
  const sums = () => `${'0'.repeat(64)}  ${name}.tar.xz\n${createHash('sha256').update(archive).digest('hex')}  ${name}.tar.gz\n`;

  test('is verified, unpacked, and brings the npm that installs the rest', async () => {
    const { code, out, err } = await vigia(['up'], { VIGIA_NODE_MIRROR: await mirror(sums()) });
    expect(err).toContain("The distribution's nodejs and npm did not do. Trying the official archive of Node.js.");
    expect(out).toContain(`node ${version} in`);
    expect(code).toBe(0);
    expect(asked()[0]).toContain(`${clone}: npm ci`);
    expect(inState()).toEqual(['install.log', 'installed', 'lock', 'node']);
    expect((await vigia()).err).toBe('');
  });

  test.each([
    ['a wrong checksum', () => `${'a'.repeat(64)}  ${name}.tar.gz\n`, undefined, `The checksum of ${name}.tar.gz is not the one in`],
    ['a list without it', () => `${'a'.repeat(64)}  another.tar.gz\n`, undefined, `The checksum of ${name}.tar.gz is not the one in`],
    ['a broken download', sums, 100, 'curl: (18) transfer closed with bytes remaining'],
  ])('%s installs nothing and says so', async (_what, list, cutAfter, sentence) => {
    const { code, err } = await vigia(['up'], { VIGIA_NODE_MIRROR: await mirror(list(), cutAfter) });
    expect(code).toBe(69);
    expect(err).toContain(sentence);
    expect(err).toContain('vigia: Node.js and npm could not be installed: ');
    expect(err).toContain('This helps, as root: apt-get install nodejs npm');
    expect(inState()).toEqual(['install.log', 'lock']);
  });

  test.skipIf(!existsSync('/usr/lib/apt/apt-helper'))("apt's own helper downloads where there is no curl and no wget", async () => {
    rmSync(join(bin, 'curl'));
    const { code, err } = await vigia(['up'], { VIGIA_NODE_MIRROR: await mirror(sums()) });
    expect(err).toContain('Installed.');
    expect(code).toBe(0);
  });
});

test('a checkout that belongs to somebody else is refused with the reason', async () => {
  chmodSync(dir, 0o755);
  chmodSync(clone, 0o555);
  const { code, err } = await vigia(['up'], {}, join(clone, 'vigia'), process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {});
  chmodSync(clone, 0o755);
  expect(code).toBe(69);
  expect(err).toMatch(/^vigia: cannot install into .*: \S+ may not write there\. Run it as the owner of that folder\.\n$/);
});
