/** Holds our figures against those of the labelled data's own evaluator, a program in Python. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figure } from '../result.ts';

/** The distribution's Python has scikit-learn as a package. */
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Our name of a figure, and where the judge says it. */
const official: Readonly<Record<string, string>> = {
  vusPr: 'mean.vus_pr',
  vusRoc: 'mean.vus_roc',
  aucPr: 'mean.auc_pr',
  aucRoc: 'mean.auc_roc',
  f1: 'mean.best_f1',
  'recallAt0.1': 'mean.event_recall@0.1fa/day',
  'recallAt0.5': 'mean.event_recall@0.5fa/day',
  recallAt1: 'mean.event_recall@1fa/day',
  recallAt2: 'mean.event_recall@2fa/day',
  recallAt1Pooled: 'micro_event_recall_1fa',
  alarmsAt1PerDay: 'mean.alert_fa_per_day',
  alarmsAt1Recall: 'mean.alert_event_recall',
  alarmsAt1Precision: 'mean.alert_event_precision',
  hit100: 'interp.hit@100',
  hit150: 'interp.hit@150',
  ndcg100: 'interp.ndcg@100',
  ndcg150: 'interp.ndcg@150',
  top1: 'interp.top1',
};
const nab: Readonly<Record<string, string>> = {
  standard: 'standard.score',
  lowFp: 'reward_low_FP_rate.score',
  lowFn: 'reward_low_FN_rate.score',
};

/** Arguments of the evaluator for one set; `json` is where it shall write. */
export function judgeArguments(set: string, data: string, dir: string, json: string): readonly string[] {
  if (set === 'nab') {
    const folder = join(data, 'nab');
    return [
      'nab',
      '--scores',
      join(dir, 'N.csv'),
      '--data',
      join(folder, 'data'),
      '--windows',
      join(folder, 'combined_windows.json'),
      '--json',
      json,
    ];
  }
  if (set === 'tsb') return ['tsb', '--scores', join(dir, 'T.csv'), '--root', join(data, 'smd'), '--json', json];
  return ['points', '--scores', join(dir, 'S.csv'), '--labels', join(data, set), '--attr', join(dir, 'A.csv'), '--json', json];
}

/** For each figure that both know how far they are apart; one that the judge does not know is left out. */
export async function judged(
  evaluator: string,
  set: string,
  data: string,
  dir: string,
  figures: readonly Figure[],
): Promise<readonly Figure[]> {
  const json = join(dir, 'judge.json');
  await promisify(execFile)(python, [evaluator, ...judgeArguments(set, data, dir, json)], { maxBuffer: 1 << 26 });
  const said = JSON.parse(readFileSync(json, 'utf8').replaceAll(/\bNaN\b|-?\bInfinity\b/g, 'null')) as unknown;
  const names = set === 'nab' ? nab : set === 'tsb' ? { vusPr: 'OURS' } : official;
  return figures.flatMap(({ what, value }): Figure[] => {
    const theirs = at(said, names[what as keyof typeof names]);
    if (theirs === null || value === null) return [];
    return [{ what, value: Math.abs(theirs - value), unit: 'ratio', atMost: 1e-9, note: `the evaluator says ${theirs}` }];
  });
}

function at(said: unknown, path: string | undefined): number | null {
  if (path === undefined) return null;
  // Names hold dots of their own ("0.1fa/day"), so only the first one parts.
  const [head = '', ...rest] = path.split('.');
  const inner = (said as Record<string, unknown>)[head];
  if (rest.length > 0) return (inner as Record<string, number | null> | undefined)?.[rest.join('.')] ?? null;
  return typeof inner === 'number' ? inner : null;
}
