/** What the detector `isolation-forest` has learned, and how it is saved. Reading checks every number before anything is computed from it. */
import type { Direction, FeatureSpec } from './contract.ts';
import { DetectError } from './detect-error.ts';
import { featuresProblem, maximumFeatures, sortFeatures } from './features.ts';
import { readForest, writeForest } from './forest/codec.ts';
import type { IsolationForest } from './forest/forest.ts';
import { BodyWriter, sealModel } from './model-buffer.ts';
import type { BodyReader } from './model-buffer.ts';
import { defaultOptions, optionsProblem } from './options.ts';
import type { DetectorOptions } from './options.ts';
import { bound } from './scaler.ts';
import type { Scaler } from './scaler.ts';
import { largestFigure, leastSpan, summaryWidth } from './summary.ts';
import type { FigureRanges } from './summary.ts';

export const slug = 'isolation-forest';

/** What learning leaves behind. */
export interface IsolationForestModel {
  readonly scaler: Scaler;
  readonly figures: FigureRanges;
  readonly forest: IsolationForest;
  readonly threshold: number;
}

const directions: readonly Direction[] = ['up', 'down', 'both'];

export function encodeModel(features: readonly FeatureSpec[], options: DetectorOptions, model: IsolationForestModel): Uint8Array {
  const writer = new BodyWriter();
  writer.text(slug);
  writer.uint32(features.length);
  for (const feature of features) {
    writer.text(feature.name);
    writer.uint8(directions.indexOf(feature.direction));
    writer.float64(feature.minimumChange);
  }
  writer.uint32(options.trees);
  writer.uint32(options.sampleSize);
  writer.float64(options.contamination);
  writer.uint32(options.seed);
  const { median, spread, reach, low, high, seen } = model.scaler;
  for (const values of [median, spread, reach, low, high]) writer.float64s(values);
  writer.uint8s(seen);
  for (const values of [model.figures.edge, model.figures.span]) writer.float64s(values);
  writer.float64(model.threshold);
  writeForest(writer, model.forest);
  return sealModel(writer.body());
}

/** @throws DetectError */
export function decodeModel(reader: BodyReader): {
  features: readonly FeatureSpec[];
  options: DetectorOptions;
  model: IsolationForestModel;
} {
  const features = readFeatures(reader);
  const options: DetectorOptions = {
    ...defaultOptions,
    trees: reader.uint32(),
    sampleSize: reader.uint32(),
    contamination: reader.float64(),
    seed: reader.uint32(),
  };
  const problem = optionsProblem(options);
  if (problem !== null) throw hostile(`The model's option ${problem}.`);
  const scaler = readScaler(reader, features.length);
  const figures: FigureRanges = {
    edge: between('edge', 0, largestFigure, reader.float64s(summaryWidth)),
    span: between('span', leastSpan, largestFigure, reader.float64s(summaryWidth)),
  };
  const threshold = reader.float64();
  if (!(threshold > 0.5 && threshold < 1)) throw hostile(`The model's threshold is ${threshold}, not between 0.5 and 1.`);
  const forest = readForest(reader, summaryWidth);
  reader.end();
  return { features, options, model: { scaler, figures, forest, threshold } };
}

function readFeatures(reader: BodyReader): readonly FeatureSpec[] {
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

function readScaler(reader: BodyReader, width: number): Scaler {
  const value = (what: string): Float64Array => between(what, -2 * bound, 2 * bound, reader.float64s(width));
  const scale = (what: string): Float64Array => between(what, Number.MIN_VALUE, 2 * bound, reader.float64s(width));
  return {
    median: value('median'),
    spread: scale('spread'),
    reach: scale('reach'),
    low: value('low'),
    high: value('high'),
    seen: reader.uint8s(width),
  };
}

function between(what: string, least: number, most: number, values: Float64Array): Float64Array {
  for (const [index, value] of values.entries()) {
    if (!(value >= least && value <= most)) throw hostile(`Number ${index} of the model's ${what} is ${value}, not ${least} to ${most}.`);
  }
  return values;
}

const hostile = (message: string): DetectError => new DetectError('hostile', message);
