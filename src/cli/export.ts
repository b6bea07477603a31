import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { selectorSchema } from '../model/archive.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { parseDuration } from '../model/time.ts';
import { runningOn } from '../server/data-folder.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf } from './paths.ts';
import { writeParquet } from './parquet.ts';
import { askExport } from './running.ts';

/** Samples of Prometheus, and of its archive for the time before, as CSV or, into a FILE.parquet, as Parquet. The Vigía of the data folder must run. */
export async function exportSamples({ options, print, remark }: Invocation): Promise<number> {
  const file = options['out'] as string | undefined;
  if (file === undefined) throw new VigiaError('usage', { problem: 'Where to? --out FILE says so' });
  const nowMs = Date.now();
  const match = selectorSchema.safeParse(options['match'] ?? '');
  if (!match.success) throw new VigiaError('usage', { problem: `--match needs ${match.error.issues[0]?.message}` });
  const fromMs = momentOf('from', options['from'] as string | undefined, nowMs);
  const toMs = momentOf('to', (options['to'] as string | undefined) ?? '0s', nowMs);
  if (fromMs >= toMs) throw new VigiaError('usage', { problem: '--from is not before --to' });
  if (existsSync(file)) throw new VigiaError('backup-exists', { file });
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  const running = runningOn(dir);
  if (running === null) throw new VigiaError('not-running', { dir });

  const draft = `${file}.new`;
  const body = await askExport(running, { match: match.data, fromMs, toMs });
  let rows = 0;
  try {
    rows = file.endsWith('.parquet') ? await writeParquet(body, draft) : await writeCsv(body, draft);
    renameSync(draft, file);
  } catch (thrown) {
    if (isOfTheDisk(thrown)) throw new VigiaError('file-unwritable', { file, reason: reasonOf(thrown) });
    throw new VigiaError('far-garbage', {
      what: `Vigía (pid ${running.pid})`,
      reason: 'the samples end before their time; its log says why',
    });
  } finally {
    if (existsSync(draft)) rmSync(draft);
  }
  if (rows === 0) remark(`Nothing matches ${match.data} in that time.`);
  print(`${rows} samples written to ${file}.`);
  return 0;
}

/** A file that cannot be opened has a path; one that cannot be written any further, as on a full disk, only a code. */
const isOfTheDisk = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'syscall' in thrown &&
  ('path' in thrown || ('code' in thrown && ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'].includes(String(thrown.code))));

/** A time, or how long ago. */
function momentOf(name: string, text: string | undefined, nowMs: number): number {
  const agoMs = text === undefined ? null : parseDuration(text);
  const ms = agoMs === null ? Date.parse(text ?? '') : nowMs - agoMs;
  if (Number.isNaN(ms))
    throw new VigiaError('usage', { problem: `--${name} needs a time like 2026-11-22T14:05:00Z, or how long ago, like 30d` });
  return ms;
}

/** @returns how many samples. */
async function writeCsv(body: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  // The first line is the head.
  let rows = -1;
  const counted = async function* (pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      for (const byte of piece) if (byte === 10) rows++;
      yield piece;
    }
  };
  await pipeline(body, counted, createWriteStream(file));
  return rows;
}
