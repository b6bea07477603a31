/** How the features of a saved model are written, and how its numbers are read without trusting any. */
import type { Direction, FeatureSpec } from './contract.ts';
import { DetectError } from './detect-error.ts';
import { featuresProblem, maximumFeatures, sortFeatures } from './features.ts';
import type { BodyReader, BodyWriter } from './model-buffer.ts';

const directions: readonly Direction[] = ['up', 'down', 'both'];

export const hostile = (message: string): DetectError => new DetectError('hostile', message);

export function writeFeatures(writer: BodyWriter, features: readonly FeatureSpec[]): void {
  writer.uint32(features.length);
  for (const feature of features) {
    writer.text(feature.name);
    writer.uint8(directions.indexOf(feature.direction));
    writer.float64(feature.minimumChange);
  }
}

/** @throws DetectError for features that could not have been written. */
export function readFeatures(reader: BodyReader): readonly FeatureSpec[] {
  const count = reader.uint32();
  if (count > maximumFeatures) throw hostile(`The model has ${count} features, not 1 to ${maximumFeatures}.`);
  const features: FeatureSpec[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.text();
    const code = reader.uint8();
    const direction = directions[code];
    if (direction === undefined) throw hostile(`The feature "${name}" has the direction ${code}, not 0 to ${directions.length - 1}.`);
    features.push({ name, direction, minimumChange: reader.float64() });
  }
  const problem = featuresProblem(features);
  if (problem !== null) throw hostile(`In the model ${problem}.`);
  if (sortFeatures(features).some((feature, index) => feature !== features[index]))
    throw hostile(`The model's ${count} features are not sorted.`);
  return features;
}

/** The same numbers. @throws DetectError when one is not from `least` to `most`. */
export function between(what: string, least: number, most: number, values: Float64Array): Float64Array {
  for (const [index, value] of values.entries()) {
    if (!(value >= least && value <= most)) throw hostile(`Number ${index} of the model's ${what} is ${value}, not ${least} to ${most}.`);
  }
  return values;
}
