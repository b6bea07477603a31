/** What the detector `isolation-forest` has learned, and how it is saved. Reading checks every number before anything is computed from it. */
import type { FeatureSpec } from './contract.ts';
import { between, hostile, readFeatures, writeFeatures } from './feature-codec.ts';
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

export function encodeModel(features: readonly FeatureSpec[], options: DetectorOptions, model: IsolationForestModel): Uint8Array {
  const writer = new BodyWriter();
  writer.text(slug);
  writeFeatures(writer, features);
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
