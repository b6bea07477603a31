import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
] as const satisfies readonly PartName[];

export interface TestParts {
  /** A folder for PATH with every part that is not installed in the system, ready to start by its name. */
  readonly binDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes sure that every program that tests start is there; what had to be unpacked gets a small script in `binDir`. */
export async function ensureTestParts(root: string, install: boolean, progress: (line: string) => void): Promise<TestParts> {
  // As root, tests start PostgreSQL as another user, who may not be able to read the checkout.
  const partsDir = process.getuid?.() === 0 ? '/var/cache/vigia/parts' : join(root, '.vigia', 'parts');
  const found = await ensureParts(names, { partsDir, install, progress });
  const binDir = join(partsDir, 'bin');
  const unpacked = Object.values(found).filter((part) => part.from !== 'path');
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
