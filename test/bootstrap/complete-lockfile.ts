import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Adds to package-lock.json the optional packages of other platforms that the registry in use did not serve, so that
 * `npm ci` agrees with package.json everywhere. Run by hand after a change of dependencies: `npm run lockfile`.
 * They have no integrity: a machine of such a platform fetches them by `npm install`, never by this lockfile.
 */
interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  license?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = join(import.meta.dirname, '..', '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'aix', 'netbsd', 'openbsd', 'sunos'];
const processors = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'wasm32', 'loong64'];
let added = 0;
for (const [where, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || lock.packages[`${where}/${key}`] !== undefined) continue;
    const words = name.split('/').at(-1)?.split('-') ?? [];
    const os = systems.find((each) => words.includes(each));
    const cpu = processors.find((each) => words.includes(each));
    if (os === undefined || cpu === undefined) throw new Error(`${name} of ${where} is missing, and its name tells no platform`);
    const isMusl = words.some((word) => word.startsWith('musl'));
    lock.packages[key] = {
      version,
      cpu: [cpu],
      ...(entry.dev === true ? { dev: true } : {}),
      license: 'MIT',
      optional: true,
      os: [os],
      ...(os === 'linux' ? { libc: [isMusl ? 'musl' : 'glibc'] } : {}),
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages of other platforms added`);
