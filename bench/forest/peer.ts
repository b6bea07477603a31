/** Runs scikit-learn's side and ours, a process each. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DataFiles } from './data.ts';
import type { OurRound } from './ours.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const root = join(here, '..', '..');

export const installPeer = 'scikit-learn is not there: apt-get install -y python3-sklearn';

export interface PeerRound {
  readonly version: string;
  readonly fitMs: number;
  readonly scoreMs: number;
  readonly score13Ms: number;
  readonly oneRowUs: number;
  readonly oneRow13Us: number;
  /** Greatest distance between the two ways to score. */
  readonly apart: number;
  readonly auc: number;
}

export interface ProcessCost {
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** The distribution's Python with scikit-learn, or `null`. */
export async function findPython(): Promise<string | null> {
  for (const python of ['/usr/bin/python3', 'python3']) {
    try {
      await run(python, ['-c', 'import sklearn']);
      return python;
    } catch {
      // The next one, or none.
    }
  }
  return null;
}

/** One thread each. */
const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };

async function answer<T>(program: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(program, args, { env, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as T;
}

/** Writes PEER.json and PEER.scores beside the data. */
export const peerRound = (python: string, { values, labels, features }: DataFiles, seed: number, peer: string): Promise<PeerRound> =>
  answer(python, [join(here, 'peer.py'), 'round', values, labels, String(features), String(seed), peer]);

export const ourRound = ({ values, labels, features }: DataFiles, seed: number, peer: string | null): Promise<OurRound> =>
  answer(process.execPath, [join(here, 'ours.ts'), values, labels, String(features), String(seed), ...(peer === null ? [] : [peer])]);

export const peerProcess = (python: string, { values, features }: DataFiles, out: string, path: 'file' | 'file13'): Promise<ProcessCost> =>
  answer(python, [join(here, 'peer.py'), path, values, String(features), out]);

/** Builds the kernels as JavaScript, which our whole process runs. */
export async function buildKernels(): Promise<void> {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'src/kernels')]);
}

export const ourProcess = ({ values, features }: DataFiles, out: string): Promise<ProcessCost> =>
  answer(process.execPath, [join(here, 'score-file.mjs'), values, String(features), out]);
