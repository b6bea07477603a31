/** The detection room's only door. */
export type { Detector, Direction, ExpectedRange, Explanation, FeatureSpec } from './contract.ts';
export { DetectError } from './detect-error.ts';
export type { DetectErrorReason } from './detect-error.ts';
export { qualityAt, rocAuc } from './evaluate.ts';
export type { ThresholdQuality } from './evaluate.ts';
export { defaultOptions } from './options.ts';
export type { DetectorOptions } from './options.ts';
export { createRandom } from './random.ts';
export type { Random } from './random.ts';
export { createDetector, detectors, loadDetector } from './registry.ts';
export type { DetectorKind } from './registry.ts';
export { streamScores } from './stream.ts';
