/** Every detector there is. A new one is a file of its own and a row here; the laws in the tests then hold it too. */
import type { Detector, FeatureSpec } from './contract.ts';
import { DetectError } from './detect-error.ts';
import { ensemble } from './ensemble.ts';
import { ewmaResidual } from './ewma-residual.ts';
import { flatline } from './flatline.ts';
import { halfSpaceTrees } from './half-space-trees.ts';
import { createIsolationForest, loadIsolationForest } from './isolation-forest.ts';
import { slug as isolationForest } from './isolation-forest-model.ts';
import type { Kernels } from './kernels.ts';
import { mahalanobis } from './mahalanobis.ts';
import { BodyReader, openModel } from './model-buffer.ts';
import { defaultOptions } from './options.ts';
import type { DetectorOptions } from './options.ts';
import { peers } from './peers.ts';
import { robustZ } from './robust-z.ts';
import { seasonal } from './seasonal.ts';
import { subsequence } from './subsequence.ts';

export interface DetectorKind {
  /** Kernels make the inner loops faster where a detector has use of them, and change no answer. */
  readonly create: (features: readonly FeatureSpec[], options: DetectorOptions, kernels?: Kernels) => Detector;
  /** Reads the body of a saved model from behind the slug. */
  readonly load: (reader: BodyReader, kernels?: Kernels) => Detector;
}

export const detectors: ReadonlyMap<string, DetectorKind> = new Map<string, DetectorKind>([
  [isolationForest, { create: createIsolationForest, load: loadIsolationForest }],
  ['ensemble', ensemble],
  ['robust-z', robustZ],
  ['ewma-residual', ewmaResidual],
  ['flatline', flatline],
  ['mahalanobis', mahalanobis],
  ['seasonal', seasonal],
  ['half-space-trees', halfSpaceTrees],
  ['peers', peers],
  ['subsequence', subsequence],
]);

/** A detector that has learned nothing yet. @throws RangeError for an unknown slug, features or options that make none. */
export function createDetector(
  slug: string,
  features: readonly FeatureSpec[],
  options: Partial<DetectorOptions> = {},
  kernels?: Kernels,
): Detector {
  const kind = detectors.get(slug);
  if (kind === undefined) throw new RangeError(`There is no detector "${slug}"; there are: ${[...detectors.keys()].join(', ')}.`);
  return kind.create(features, { ...defaultOptions, ...options }, kernels);
}

/** A detector as it was when saved. @throws DetectError for a buffer that is cut, damaged, newer or hostile. */
export function loadDetector(buffer: Uint8Array, kernels?: Kernels): Detector {
  const reader = new BodyReader(openModel(buffer));
  const slug = reader.text();
  const kind = detectors.get(slug);
  if (kind === undefined)
    throw new DetectError('not-a-model', `The model belongs to the detector "${slug.slice(0, 40)}", which is not known here.`);
  return kind.load(reader, kernels);
}
