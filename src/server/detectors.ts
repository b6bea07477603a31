import {
  createDetector,
  type Detector,
  type DetectorOptions,
  defaultOptions,
  detectors,
  type FeatureSpec,
  loadDetector,
} from '../detect/index.ts';
import { loadKernels } from '../kernels/load.ts';
import type { Config } from '../model/config.ts';

/** The detectors there are, made as the configuration says. An argument of whoever makes one, so that tests bring their own. */
export interface Detectors {
  readonly slugs: readonly string[];
  optionsFor(stepMs: number): DetectorOptions;
  /** One that has learned nothing. @throws RangeError for an unknown slug. */
  create(slug: string, features: readonly FeatureSpec[], options: DetectorOptions): Detector;
  /** @throws DetectError for a damaged buffer. */
  load(buffer: Uint8Array): Detector;
}

export function createDetectors(config: Config['detection']): Detectors {
  const kernels = loadKernels();
  const timeZone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    slugs: [...detectors.keys()],
    optionsFor: (stepMs) => ({
      ...defaultOptions,
      trees: config.trees,
      sampleSize: config.sampleSize,
      contamination: config.contamination,
      seed: config.seed,
      stepMs,
      timeZone,
    }),
    create: (slug, features, options) => createDetector(slug, features, options, kernels),
    load: (buffer) => loadDetector(buffer, kernels),
  };
}
