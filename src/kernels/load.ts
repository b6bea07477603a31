/** The way in: the fast kernels where WebAssembly with SIMD is there, the plain ones elsewhere. */
import type { Kernels } from '../detect/kernels.ts';
import { batchScorer } from './batch.ts';
import { openCohort } from './cohort.ts';
import { exactScorer } from './exact.ts';
import { openFleet } from './fleet.ts';
import { compilesKernels } from './instance.ts';
import { plainScorer, typescriptKernels } from './plain/kernels.ts';
import { openTable } from './table.ts';

const webassemblyKernels: Kernels = {
  kind: 'webassembly',
  table: openTable,
  exact: (forest) => exactScorer(forest) ?? plainScorer(forest),
  batch: (forest) => batchScorer(forest) ?? plainScorer(forest),
  fleet: openFleet,
  cohort: openCohort,
};

/** The kernels of this machine. `kind` asks for one of the two. @throws Error when WebAssembly is asked for and is not there. */
export function loadKernels(kind?: Kernels['kind']): Kernels {
  if (kind === 'typescript') return typescriptKernels;
  if (compilesKernels()) return webassemblyKernels;
  if (kind === 'webassembly')
    throw new Error('This Node.js has no WebAssembly with SIMD; the kernels in TypeScript give the same answers.');
  return typescriptKernels;
}
