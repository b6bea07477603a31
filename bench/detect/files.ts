/** Scores as files of the labelled data's evaluator: OUT/DETECTOR/SET/ S.csv, A.csv, T.csv, N.csv. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Done } from './pool.ts';
import { targets } from './quality.ts';

/** Writes what one detector said on one set. @returns the folder, or `null` for a set without files */
export function writeScores(out: string, set: string, detector: string, done: readonly Done[]): string | null {
  if (set === 'robustness') return null;
  const dir = join(out, detector, set);
  mkdirSync(dir, { recursive: true });
  const write = (name: string, header: string, lines: readonly string[]): void =>
    writeFileSync(join(dir, name), `${[header, ...lines].join('\n')}\n`);
  const official = done.flatMap(({ job, answer }) => (answer.kind === 'official' ? [{ name: job.name, ...answer.quality }] : []));
  if (set === 'tsb') {
    const lines = done.flatMap(({ answer }) =>
      answer.kind === 'tsb' ? Array.from(answer.quality.scores, (score, row) => `${answer.entity},${row},${score}`) : [],
    );
    write('T.csv', 'series,t,score', lines);
  } else if (set === 'nab') {
    const lines = done.flatMap(({ job, answer }) =>
      answer.kind === 'nab' ? Array.from(answer.quality.scores, (score, row) => `${job.name},${row},${score}`) : [],
    );
    write('N.csv', 'file,t,score', lines);
  } else {
    for (const [at, target] of targets.entries()) {
      const lines = official.flatMap(({ name, scores, alerts }) => {
        const flags = alerts[at] as Uint8Array;
        return Array.from(scores, (score, row) => `${name},${row},${score},${flags[row]}`);
      });
      write(target === 1 ? 'S.csv' : `S-${target}.csv`, 'series,t,score,alert', lines);
    }
    const ranked = official.flatMap(({ name, attributions }) =>
      attributions.map(({ start, end, ranked: metrics }) => `${name},${start},${end},${metrics.join(';')}`),
    );
    write('A.csv', 'series,start,end,ranked', ranked);
  }
  return dir;
}
