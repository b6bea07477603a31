import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { run } from './run.ts';

/** An official release on github.com/prometheus, or a mirror of it. */
export interface Release {
  readonly repository: string;
  readonly version: string;
}

/** Fetches one URL whole. Rejects when it cannot be reached, is longer than `maxBytes`, or is not done by the deadline. */
export type FetchBytes = (url: string, maxBytes: number, deadlineMs: number) => Promise<{ status: number; body: Buffer }>;

export interface ReleaseOptions {
  readonly into: string;
  readonly baseUrl: string;
  readonly checksums: Readonly<Record<string, string>>;
  readonly fetch: FetchBytes;
  progress(line: string): void;
}

const maxArchive = 300_000_000;
const maxList = 1_000_000;

/** The name of the folder inside the archive, and of the installed one. */
export function releaseFolder(release: Release): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return `${release.repository}-${release.version}.linux-${architecture}`;
}

/**
 * Downloads a release, verifies its SHA-256 and unpacks it into `into`. Throws `part-download` when it cannot be had and
 * `part-checksum` when it is not what was promised; either way nothing of it stays.
 */
export async function installRelease(release: Release, options: ReleaseOptions): Promise<void> {
  const folder = releaseFolder(release);
  const archive = `${folder}.tar.gz`;
  const base = `${options.baseUrl.replace(/\/+$/, '')}/${release.repository}/releases/download/v${release.version}`;
  const promised = await promisedChecksum(archive, `${base}/sha256sums.txt`, options);

  options.progress(`Downloading ${base}/${archive}`);
  const body = await download(`${base}/${archive}`, maxArchive, 1_800_000, options.fetch);
  const found = createHash('sha256').update(body).digest('hex');
  if (found !== promised.checksum) {
    throw new VigiaError('part-checksum', { file: archive, found, expected: promised.checksum, source: promised.source });
  }
  options.progress(`Unpacking ${archive} (${Math.round(body.length / 1_000_000)} MB, checksum verified)`);
  await unpack(body, folder, options.into);
}

async function promisedChecksum(archive: string, listUrl: string, options: ReleaseOptions): Promise<{ checksum: string; source: string }> {
  const pinned = options.checksums[archive];
  if (pinned !== undefined) return { checksum: pinned, source: 'parts.checksums' };
  const list = (await download(listUrl, maxList, 60_000, options.fetch)).toString('utf8');
  for (const line of list.split('\n')) {
    const [checksum = '', name] = line.trim().split(/\s+\*?/);
    if (name === archive && /^[0-9a-f]{64}$/.test(checksum)) return { checksum, source: listUrl };
  }
  throw new VigiaError('part-download', { url: listUrl, reason: `it names no checksum for ${archive}` });
}

async function download(url: string, maxBytes: number, deadlineMs: number, fetch: FetchBytes): Promise<Buffer> {
  let answer: { status: number; body: Buffer };
  try {
    answer = await fetch(url, maxBytes, deadlineMs);
  } catch (error) {
    throw new VigiaError('part-download', { url, reason: reasonOf(error) }, { cause: error });
  }
  if (answer.status !== 200) throw new VigiaError('part-download', { url, reason: `the server answered ${answer.status}` });
  return answer.body;
}

async function unpack(body: Buffer, folder: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const work = mkdtempSync(join(into, '.work-'));
  try {
    const archive = join(work, 'archive.tar.gz');
    writeFileSync(archive, body);
    const args = ['--extract', '--gzip', '--no-same-owner', `--file=${archive}`, `--directory=${work}`, '--', folder];
    const result = await run({ file: 'tar', args }, { timeoutMs: 300_000, maxBytes: 100_000 });
    if (result.exitCode !== 0) throw new VigiaError('part-download', { url: folder, reason: `tar: ${result.stderr.trim()}` });
    chmodSync(join(work, folder), 0o755);
    if (!existsSync(join(into, folder))) renameSync(join(work, folder), join(into, folder));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
