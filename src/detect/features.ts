import type { FeatureSpec } from './contract.ts';
import { bound } from './scaler.ts';

export const maximumFeatures = 1024;

/** What is wrong with a list of features, or `null`. */
export function featuresProblem(features: readonly FeatureSpec[]): string | null {
  if (features.length === 0 || features.length > maximumFeatures)
    return `there are ${features.length} features, not 1 to ${maximumFeatures}`;
  const names = new Set<string>();
  for (const { name, minimumChange } of features) {
    if (names.has(name)) return `the feature "${name}" is there twice`;
    names.add(name);
    if (!(minimumChange >= 0 && minimumChange <= bound)) return `the minimum change of "${name}" is ${minimumChange}, not 0 to ${bound}`;
  }
  return null;
}

/** Sorted by name, in code units, so that the order given changes nothing. */
export const sortFeatures = (features: readonly FeatureSpec[]): readonly FeatureSpec[] =>
  features.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
