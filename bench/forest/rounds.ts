/** Scoring and fitting against scikit-learn: processes in turns, medians of the rounds, and the figures made of them. */
import { join } from 'node:path';
import type { Figure } from '../result.ts';
import type { DataFiles } from './data.ts';
import type { OurRound } from './ours.ts';
import { installPeer, ourRound, type PeerRound, peerRound } from './peer.ts';

/** What was measured on one data set. */
export interface Measured {
  readonly set: DataFiles;
  readonly ours: readonly OurRound[];
  /** Empty where there is no peer. */
  readonly peers: readonly PeerRound[];
}

export async function measureRounds(
  set: DataFiles,
  rounds: number,
  python: string | null,
  dir: string,
  progress: (line: string) => void,
): Promise<Measured> {
  const ours: OurRound[] = [];
  const peers: PeerRound[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`forest: data ${set.name}, round ${round} of ${rounds}`);
    const trees = python === null ? null : join(dir, `${set.name}.peer`);
    if (python !== null && trees !== null) peers.push(await peerRound(python, set, round, trees));
    ours.push(await ourRound(set, round, trees));
  }
  return { set, ours, peers };
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const shape = ({ name, rows, features }: DataFiles): string => `${name}, ${rows} x ${features}`;
const worst = (values: readonly number[], pick: (...all: number[]) => number): number | null =>
  values.length === 0 ? null : pick(...values);
const noted = (figure: Figure): Figure => (figure.value === null ? { ...figure, note: installPeer } : figure);

/** The peer's time by ours, per data set and the least of them, which has the goal where there is one. */
function ratios(
  what: string,
  atLeast: number | null,
  all: readonly Measured[],
  peerMs: (round: PeerRound) => number,
  ourMs: (round: OurRound) => number,
): Figure[] {
  const each = all
    .filter(({ peers }) => peers.length > 0)
    .map(({ set, ours, peers }) => ({ set, value: median(peers.map(peerMs)) / median(ours.map(ourMs)) }));
  return [
    noted({
      what,
      value: worst(
        each.map(({ value }) => value),
        Math.min,
      ),
      unit: 'ratio',
      ...(atLeast === null ? {} : { atLeast }),
      note: 'the least of the data sets',
    }),
    ...each.map(({ set, value }): Figure => ({ what: `${what} (${shape(set)})`, value, unit: 'ratio' })),
  ];
}

const perSecond = (what: string, all: readonly Measured[], ms: (round: OurRound) => number): Figure[] =>
  all.map(({ set, ours }) => ({ what: `${what} (${shape(set)})`, value: (1000 * set.rows) / median(ours.map(ms)), unit: 'per s' }));

export function batchFigures(all: readonly Measured[]): Figure[] {
  const apart = all
    .filter(({ peers }) => peers.length > 0)
    .map(({ set, ours, peers }) => ({
      set,
      ours: median(ours.map(({ auc }) => auc)),
      peers: median(peers.map(({ auc }) => auc)),
    }));
  return [
    ...ratios(
      'vsSklearn121',
      50,
      all,
      ({ scoreMs }) => scoreMs,
      ({ batchMs }) => batchMs,
    ),
    ...ratios(
      'vsSklearn13Path',
      12,
      all,
      ({ score13Ms }) => score13Ms,
      ({ batchMs }) => batchMs,
    ),
    ...perSecond('rows', all, ({ batchMs }) => batchMs),
    noted({
      what: 'scores of the 1.3 path from those of 1.2.1, at most, in millionths',
      value: worst(
        all.flatMap(({ peers }) => peers.map((round) => 1e6 * round.apart)),
        Math.max,
      ),
      unit: 'count',
      atMost: 1,
    }),
    noted({
      what: 'AUC from scikit-learn, at most',
      value: worst(
        apart.map((each) => Math.abs(each.ours - each.peers)),
        Math.max,
      ),
      unit: 'ratio',
      atMost: 0.005,
      note: apart.map((each) => `${each.set.name} ${each.ours.toFixed(4)} ours ${each.peers.toFixed(4)} theirs`).join(', '),
    }),
  ];
}

export function exactFigures(all: readonly Measured[]): Figure[] {
  const apart = all.flatMap(({ ours }) => ours.map((round) => round.apart)).filter((value) => value !== null);
  return [
    ...ratios(
      'vsSklearn121',
      15,
      all,
      ({ scoreMs }) => scoreMs,
      ({ exactMs }) => exactMs,
    ),
    ...ratios(
      'vsSklearn13Path',
      4,
      all,
      ({ score13Ms }) => score13Ms,
      ({ exactMs }) => exactMs,
    ),
    ...perSecond('rows', all, ({ exactMs }) => exactMs),
    noted({
      what: 'score from scikit-learn with its trees, at most, in millionths',
      value: worst(
        apart.map((each) => each * 1e6),
        Math.max,
      ),
      unit: 'count',
      atMost: 1,
    }),
  ];
}

export function fitFigures(all: readonly Measured[]): Figure[] {
  const against = (what: string, atLeast: number | null): Figure[] =>
    ratios(
      what,
      atLeast,
      all,
      ({ fitMs }) => fitMs,
      (round) => round.fitMs,
    );
  const [thirteen] = against('vsSklearn13Path', null);
  return [
    ...against('vsSklearn121', 30),
    ...(thirteen === undefined ? [] : [{ ...thirteen, note: thirteen.value === null ? installPeer : 'growing is the same there' }]),
    ...all.map(({ set, ours }): Figure => ({ what: `fit (${shape(set)})`, value: median(ours.map(({ fitMs }) => fitMs)), unit: 'ms' })),
  ];
}

export function oneRowFigures(all: readonly Measured[]): Figure[] {
  const p50 = all.map(({ ours }) => median(ours.map(({ oneRowP50Us }) => oneRowP50Us)));
  return [
    { what: 'p50Us', value: worst(p50, Math.max), unit: 'us', atMost: 3, note: 'wall time, the greatest of the data sets' },
    ...all.map(
      ({ set, ours }): Figure => ({ what: `p99 (${shape(set)})`, value: median(ours.map(({ oneRowP99Us }) => oneRowP99Us)), unit: 'us' }),
    ),
    ...ratios(
      'vsSklearn121',
      null,
      all,
      ({ oneRowUs }) => oneRowUs,
      ({ oneRowCpuUs }) => oneRowCpuUs,
    ),
    ...ratios(
      'vsSklearn13Path',
      null,
      all,
      ({ oneRow13Us }) => oneRow13Us,
      ({ oneRowCpuUs }) => oneRowCpuUs,
    ),
  ];
}

export const fallbackFigures = (all: readonly Measured[]): Figure[] => [
  ...ratios(
    'vsSklearn121',
    8,
    all,
    ({ scoreMs }) => scoreMs,
    ({ fallbackMs }) => fallbackMs,
  ),
  ...ratios(
    'vsSklearn13Path',
    null,
    all,
    ({ score13Ms }) => score13Ms,
    ({ fallbackMs }) => fallbackMs,
  ),
  ...perSecond('rows', all, ({ fallbackMs }) => fallbackMs),
];
