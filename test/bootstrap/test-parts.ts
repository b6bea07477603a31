import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../src/model/errors.ts';
import { ensureParts, type FoundPart, type PartName, type Tool } from '../../src/tools/parts.ts';

const names = [
  'prometheus',
  'promtool',
  'alertmanager',
  'amtool',
  'node_exporter',
  'stress-ng',
  'chromium',
  'initdb',
  'pg_ctl',
  'postgres',
  'influxd',
  'openssl',
  'blackbox_exporter',
  'snmp_exporter',
  'snmpd',
  'curl',
] as const satisfies readonly PartName[];

/** What not every machine has or may run: where it cannot be had, the tests that need it are skipped, or take recordings. */
const optional: readonly { readonly names: readonly PartName[]; readonly rootAlone?: true }[] = [
  { names: ['kubectl', 'docker-compose', 'shellcheck'] },
  { names: ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc', 'busybox'], rootAlone: true },
];

export interface TestParts {
  /** A folder for PATH with every part that is not installed in the system, ready to start by its name. */
  readonly binDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes sure that every program that tests start is there; what had to be unpacked gets a small script in `binDir`. */
export async function ensureTestParts(root: string, install: boolean, progress: (line: string) => void): Promise<TestParts> {
  const isRoot = process.getuid?.() === 0;
  // As root, tests start PostgreSQL as another user, who may not be able to read the checkout.
  const options = { partsDir: isRoot ? '/var/cache/vigia/parts' : join(root, '.vigia', 'parts'), install, progress };
  const found: Partial<Record<PartName, FoundPart>> & Record<(typeof names)[number], FoundPart> = await ensureParts(names, options);
  for (const { names: more, rootAlone } of optional) {
    if (rootAlone && !isRoot) continue;
    await ensureParts(more, options).then(
      (parts) => Object.assign(found, parts),
      (thrown: unknown) => progress(`Tests that need ${more.join(', ')} do without: ${reasonOf(thrown)}`),
    );
  }
  const binDir = join(options.partsDir, 'bin');
  const unpacked = Object.values<FoundPart>(found).filter((part) => part.from !== 'path');
  if (unpacked.length > 0) {
    rmSync(binDir, { recursive: true, force: true });
    mkdirSync(binDir, { recursive: true });
  }
  for (const part of unpacked) writeStarter(binDir, part);
  const bin = found.initdb.from === 'path' ? dirname(found.initdb.file) : binDir;
  return { binDir, env: { VIGIA_POSTGRES_BIN: bin } };
}

function writeStarter(binDir: string, part: FoundPart): void {
  for (const name of new Set<string>([part.name, basename(part.file)])) {
    const file = join(binDir, name);
    writeFileSync(file, starter(part));
    chmodSync(file, 0o755);
  }
}

/** A shell script that starts a tool with what it needs. */
export function starter(tool: Tool): string {
  const exports = Object.entries(tool.env).map(([key, value]) => `export ${key}=${quoted(value)}\n`);
  const folder = tool.cwd === undefined ? '' : `cd ${quoted(tool.cwd)} || exit\n`;
  return `#!/bin/sh\n${exports.join('')}${folder}exec ${quoted(tool.file)} "$@"\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
