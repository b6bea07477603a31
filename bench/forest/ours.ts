/**
 * Our side of `npm run bench -- forest`, a process per round: node ours.ts VALUES LABELS FEATURES SEED [PEER]. PEER.json holds
 * scikit-learn's trees, PEER.scores what it says of the first rows. Prints one JSON object; times are CPU times, medians of three.
 */
import { readFileSync } from 'node:fs';
import { type ForeignTree, importForest } from '../../src/detect/forest/import.ts';
import type { IsolationForest } from '../../src/detect/forest/forest.ts';
import { rocAuc } from '../../src/detect/index.ts';
import type { RowScorer } from '../../src/detect/kernels.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { floats32 } from './floats.ts';

export interface OurRound {
  readonly fitMs: number;
  readonly batchMs: number;
  readonly exactMs: number;
  readonly fallbackMs: number;
  readonly oneRowP50Us: number;
  readonly oneRowP99Us: number;
  readonly oneRowCpuUs: number;
  readonly auc: number;
  readonly exactAuc: number;
  /** Greatest distance of our scores from scikit-learn's with its trees; null without a peer. */
  readonly apart: number | null;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The first time is not counted: the compiler works on it. */
function medianMs(work: () => void): number {
  work();
  return [cpuMs(work), cpuMs(work), cpuMs(work)].sort((a, b) => a - b)[1] as number;
}

function readForest(peer: string | undefined, features: number): IsolationForest | null {
  if (peer === undefined) return null;
  return importForest(JSON.parse(readFileSync(`${peer}.json`, 'utf8')) as ForeignTree[], 256, features);
}

function distance(scorer: RowScorer, rows: Float32Array, features: number, peer: string): number {
  const bytes = readFileSync(`${peer}.scores`);
  const wanted = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const found = scorer.scoreRows(rows.subarray(0, wanted.length * features));
  return wanted.reduce((most, score, row) => Math.max(most, Math.abs(score - (found[row] as number))), 0);
}

function oneRow(scorer: RowScorer, rows: Float32Array, features: number) {
  const row = (index: number): Float32Array => rows.subarray(index * features, (index + 1) * features);
  const some = Array.from({ length: 4000 }, (_, index) => row(index));
  const all = (): void => {
    for (const each of some) scorer.scoreRow(each);
  };
  for (let warm = 0; warm < 5; warm++) all();
  const times = some.map((each) => {
    const start = process.hrtime.bigint();
    scorer.scoreRow(each);
    return Number(process.hrtime.bigint() - start) / 1000;
  });
  times.sort((a, b) => a - b);
  const cpu = cpuMs(() => {
    for (let i = 0; i < 5; i++) all();
  });
  return { oneRowP50Us: times[2000] as number, oneRowP99Us: times[3960] as number, oneRowCpuUs: (cpu * 1000) / (5 * some.length) };
}

const [valuesFile = '', labelsFile = '', featuresText = '', seedText = '', peer] = process.argv.slice(2);
const features = Number(featuresText);
const kernels = loadKernels('webassembly');
const values = floats32(readFileSync(valuesFile));
const labels = new Uint8Array(readFileSync(labelsFile));
const table = kernels.table(values.length / features, features);
table.rows.set(values);
const options = { trees: 100, sampleSize: 256, seed: Number(seedText) };
const fitMs = medianMs(() => table.grow(options));
const forest = table.grow(options);
const scores = new Float64Array(table.rowCount);
const batch = kernels.batch(forest);
const batchMs = medianMs(() => batch.scoreRows(values, scores));
const auc = rocAuc(scores, labels);
const plain = loadKernels('typescript').batch(forest);
// Slow ones are timed on a part of the rows.
const part = Math.min(table.rowCount, 100_000);
const share = table.rowCount / part;
const partRows = values.subarray(0, part * features);
const partScores = scores.subarray(0, part);
const fallbackMs = share * medianMs(() => plain.scoreRows(partRows, partScores));
// With scikit-learn's own trees where they are there.
const exact = kernels.exact(readForest(peer, features) ?? forest);
const exactMs = medianMs(() => exact.scoreRows(values, scores));
const round: OurRound = {
  fitMs,
  batchMs,
  exactMs,
  fallbackMs,
  ...oneRow(exact, values, features),
  auc,
  exactAuc: rocAuc(scores, labels),
  apart: peer === undefined ? null : distance(exact, values, features, peer),
};
process.stdout.write(`${JSON.stringify(round)}\n`);
