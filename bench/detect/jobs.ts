/** What a worker is asked and what it answers; both are cloned between threads. */
import { readEntity, readNab, readTsb } from './folder.ts';
import { nabScores, officialQuality, tsbQuality } from './quality.ts';
import type { NabQuality, OfficialQuality, TsbQuality } from './quality.ts';
import { robustness } from './robustness.ts';
import type { RobustnessFigures } from './robustness.ts';
import type { Run } from '../../src/detect/index.ts';

export interface Job {
  readonly set: 'smd' | 'asd' | 'nab' | 'tsb' | 'robustness';
  readonly dir: string;
  readonly detector: string;
  /** An entity, or the name of a file in NAB and TSB. */
  readonly name: string;
}

export type Answer =
  | { readonly kind: 'official'; readonly quality: OfficialQuality }
  | { readonly kind: 'tsb'; readonly entity: string; readonly quality: TsbQuality; readonly published: Readonly<Record<string, number>> }
  | { readonly kind: 'nab'; readonly quality: NabQuality; readonly windows: readonly Run[] }
  | { readonly kind: 'robustness'; readonly figures: RobustnessFigures }
  | { readonly kind: 'failed'; readonly reason: string };

export function answer(job: Job): Answer {
  try {
    return measure(job);
  } catch (thrown) {
    return { kind: 'failed', reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function measure({ set, dir, detector, name }: Job): Answer {
  if (set === 'robustness') return { kind: 'robustness', figures: robustness(readEntity(dir, 'smd', name), detector) };
  if (set === 'nab') {
    const series = readNab(dir, name);
    return { kind: 'nab', quality: nabScores(series, detector), windows: series.windows };
  }
  if (set === 'tsb') {
    const file = readTsb(dir).find((each) => each.file === name);
    if (file === undefined) throw new Error(`There is no file ${name} in the table of TSB-AD-M.`);
    const quality = tsbQuality(readEntity(dir, 'smd', file.entity), file, detector);
    return { kind: 'tsb', entity: file.entity, quality, published: file.published };
  }
  return { kind: 'official', quality: officialQuality(readEntity(dir, set, name), detector) };
}
