import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { executableIn, newestMatching } from './executable.ts';
import { installPackages, packagesAvailable, treeSettings } from './packages.ts';
import { type FetchBytes, installRelease, type Release, releaseFolder } from './release.ts';

/** Where a program of someone else's is, and what it needs to run from there. The tools' grammars make Commands of it. */
export interface Tool {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface FoundPart extends Tool {
  readonly name: PartName;
  readonly from: 'path' | 'packages' | 'release';
}

interface Part {
  /** Names of the program: the distribution's first, then upstream's. */
  readonly binaries: readonly string[];
  /** Folders beside PATH where the distribution keeps it; patterns are allowed. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** What has to be downloaded for it on a machine without any of it; an estimate for people, from Debian 12. */
  readonly approximateMb: number;
  readonly release?: Release;
}

const bin = ['/usr/bin', '/usr/sbin'];
const postgresql = { folders: ['/usr/lib/postgresql/*/bin'], packages: ['postgresql'], approximateMb: 75 };
/** An engine needs all of them; each starts the next by its name. */
const docker = { folders: [...bin, '/bin'], packages: ['docker.io', 'busybox-static'], approximateMb: 70 };
const prometheus: Release = { repository: 'prometheus', version: '2.53.4' };
const alertmanager: Release = { repository: 'alertmanager', version: '0.28.1' };
const nodeExporter: Release = { repository: 'node_exporter', version: '1.9.1' };

const partTable = {
  prometheus: { binaries: ['prometheus'], folders: bin, packages: ['prometheus'], approximateMb: 23, release: prometheus },
  promtool: { binaries: ['promtool'], folders: bin, packages: ['prometheus'], approximateMb: 23, release: prometheus },
  alertmanager: {
    binaries: ['prometheus-alertmanager', 'alertmanager'],
    folders: bin,
    packages: ['prometheus-alertmanager'],
    approximateMb: 11,
    release: alertmanager,
  },
  amtool: { binaries: ['amtool'], folders: bin, packages: ['prometheus-alertmanager'], approximateMb: 11, release: alertmanager },
  node_exporter: {
    binaries: ['prometheus-node-exporter', 'node_exporter'],
    folders: bin,
    packages: ['prometheus-node-exporter'],
    approximateMb: 4,
    release: nodeExporter,
  },
  blackbox_exporter: {
    binaries: ['prometheus-blackbox-exporter', 'blackbox_exporter'],
    folders: bin,
    packages: ['prometheus-blackbox-exporter'],
    approximateMb: 5,
    release: { repository: 'blackbox_exporter', version: '0.25.0' },
  },
  snmp_exporter: {
    binaries: ['prometheus-snmp-exporter', 'snmp_exporter'],
    folders: bin,
    packages: ['prometheus-snmp-exporter'],
    approximateMb: 5,
    release: { repository: 'snmp_exporter', version: '0.26.0' },
  },
  snmpd: { binaries: ['snmpd'], folders: bin, packages: ['snmpd'], approximateMb: 4 },
  curl: { binaries: ['curl'], folders: bin, packages: ['curl'], approximateMb: 4 },
  'stress-ng': { binaries: ['stress-ng'], folders: bin, packages: ['stress-ng'], approximateMb: 8 },
  // The distribution's /usr/bin/chromium is a script with absolute paths: an unpacked one is started past it.
  chromium: {
    binaries: ['chromium', 'chromium-browser'],
    folders: ['/usr/lib/chromium', '/usr/bin'],
    packages: ['chromium', 'chromium-common', 'fonts-dejavu-core'],
    approximateMb: 199,
  },
  initdb: { binaries: ['initdb'], ...postgresql },
  pg_ctl: { binaries: ['pg_ctl'], ...postgresql },
  postgres: { binaries: ['postgres'], ...postgresql },
  'victoria-metrics': { binaries: ['victoria-metrics'], folders: bin, packages: ['victoria-metrics'], approximateMb: 23 },
  influxd: { binaries: ['influxd'], folders: bin, packages: ['influxdb'], approximateMb: 6 },
  dockerd: { binaries: ['dockerd'], ...docker },
  containerd: { binaries: ['containerd'], ...docker },
  'containerd-shim-runc-v2': { binaries: ['containerd-shim-runc-v2'], ...docker },
  runc: { binaries: ['runc'], ...docker },
  busybox: { binaries: ['busybox'], ...docker },
  openssl: { binaries: ['openssl'], folders: bin, packages: ['openssl'], approximateMb: 2 },
  kubectl: { binaries: ['kubectl'], folders: bin, packages: ['kubernetes-client'], approximateMb: 8 },
  shellcheck: { binaries: ['shellcheck'], folders: bin, packages: ['shellcheck'], approximateMb: 3 },
  'docker-compose': { binaries: ['docker-compose'], folders: bin, packages: ['docker-compose'], approximateMb: 5 },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof partTable;

export interface FindOptions {
  /** The folder into which parts are installed, for example `.vigia/parts`. */
  readonly partsDir: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the system's own programs are, besides PATH; tests name another place. */
  readonly systemRoot?: string;
}

export interface EnsureOptions extends FindOptions {
  readonly install: boolean;
  /** Called before each step and now and then within long ones, with a line for a person. */
  progress(line: string): void;
  /** Official releases are tried only with a way to fetch them. */
  readonly fetch?: FetchBytes;
  readonly releaseUrl?: string;
  /** SHA-256 by archive name; one that is given here is believed instead of the release's own list. */
  readonly checksums?: Readonly<Record<string, string>>;
}

/** Looks for a part on PATH, then in the parts folder. Installs nothing. */
export function findPart(name: PartName, options: FindOptions): FoundPart | null {
  const part: Part = partTable[name];
  for (const binary of part.binaries) {
    const file = executableIn(binary, options.env?.['PATH'] ?? process.env['PATH'] ?? '');
    if (file !== null) return { name, from: 'path', file, env: {} };
  }
  const system = options.systemRoot ?? '/';
  for (const root of [system, ...trees(options.partsDir)]) {
    const file = programIn(root, part);
    if (file === null) continue;
    if (root === system) return { name, from: 'path', file, env: {} };
    return { name, from: 'packages', file, ...treeSettings(root, file) };
  }
  if (part.release === undefined) return null;
  const folder = join(options.partsDir, 'releases', releaseFolder(part.release));
  const file = part.binaries.map((binary) => executableIn(join(folder, binary), '')).find((found) => found !== null);
  return file === undefined ? null : { name, from: 'release', file, env: {} };
}

/**
 * Finds every part, installing what is missing: the distribution's packages first, then official releases.
 * Throws `part-missing` for what cannot be had (or, without `install`, for what would have to be installed),
 * `part-checksum` when an archive is not what was promised. Nothing half-installed stays behind.
 */
export async function ensureParts<N extends PartName>(names: readonly N[], options: EnsureOptions): Promise<Record<N, FoundPart>> {
  const missing = names.filter((name) => findPart(name, options) === null);
  if (missing.length > 0) await install(missing, options);
  const found: Partial<Record<N, FoundPart>> = {};
  for (const name of names) {
    const part = findPart(name, options);
    if (part === null) throw missingParts([name], 'it was installed, but the program is not there');
    found[name] = part;
  }
  return found as Record<N, FoundPart>;
}

async function install(missing: readonly PartName[], options: EnsureOptions): Promise<void> {
  const size = `about ${approximateMb(missing)} MB to download`;
  if (!options.install) throw missingParts(missing, `nothing may be installed (${size})`);
  mkdirSync(options.partsDir, { recursive: true });
  options.progress(`Installing ${missing.join(', ')} into ${options.partsDir} (${size}; packages: ${packagesOf(missing).join(', ')})`);

  let reason = 'the distribution has no apt';
  if (packagesAvailable(options.env)) {
    try {
      await installPackages(packagesOf(missing), {
        into: join(options.partsDir, 'packages'),
        progress: options.progress,
        complete: (tree) => missing.every((name) => programIn(tree, partTable[name]) !== null),
      });
      return;
    } catch (error) {
      reason = reasonOf(error);
    }
  }
  const releases = new Map<string, Release>();
  for (const name of missing) {
    const { release }: Part = partTable[name];
    if (release === undefined || options.fetch === undefined) throw missingParts(missing, reason);
    releases.set(release.repository, release);
  }
  options.progress(`The distribution's packages did not do (${reason}). Trying the official releases`);
  for (const release of releases.values()) await releaseOrReason(release, missing, reason, options);
}

async function releaseOrReason(release: Release, missing: readonly PartName[], reason: string, options: EnsureOptions): Promise<void> {
  if (options.fetch === undefined) return;
  try {
    await installRelease(release, {
      into: join(options.partsDir, 'releases'),
      baseUrl: options.releaseUrl ?? 'https://github.com/prometheus',
      checksums: options.checksums ?? {},
      fetch: options.fetch,
      progress: options.progress,
    });
  } catch (error) {
    if (error instanceof VigiaError && error.code === 'part-checksum') throw error;
    throw missingParts(missing, `packages: ${reason}; official release: ${reasonOf(error)}`, error);
  }
}

function missingParts(names: readonly PartName[], reason: string, cause?: unknown): VigiaError {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const help = `${sudo}apt-get install --no-install-recommends ${packagesOf(names).join(' ')}`;
  return new VigiaError('part-missing', { part: names.join(', '), reason, help }, { cause });
}

function packagesOf(names: readonly PartName[]): string[] {
  return [...new Set(names.flatMap((name) => partTable[name].packages))];
}

function approximateMb(names: readonly PartName[]): number {
  const byPackages = new Map<string, number>(names.map((name) => [partTable[name].packages.join(), partTable[name].approximateMb]));
  return [...byPackages.values()].reduce((sum, megabytes) => sum + megabytes, 0);
}

function programIn(root: string, part: Part): string | null {
  for (const folder of part.folders) {
    for (const binary of part.binaries) {
      const file = newestMatching(join(root, folder, binary));
      if (file !== null) return file;
    }
  }
  return null;
}

function trees(partsDir: string): string[] {
  const folder = join(partsDir, 'packages');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name));
}
