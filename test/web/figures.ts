import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Host, Points } from '../../src/model/api.ts';
import { type Profile, profileSchema } from '../../src/model/profile.ts';

const folder = new URL('../../profiles/', import.meta.url);
export const allProfiles: readonly Profile[] = readdirSync(folder)
  .sort()
  .map((file) => profileSchema.parse(parse(readFileSync(new URL(file, folder), 'utf8'))));
export const linuxHost = allProfiles.find(({ slug }) => slug === 'linux-host') as Profile;

/** The same wobble for the same seed, in [0, 1). */
export function wobble(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

export function wave(fromMs: number, toMs: number, stepMs: number, value: (at: number, index: number) => number | null): Points {
  const points: Points = [];
  let index = 0;
  for (let at = Math.ceil(fromMs / stepMs) * stepMs; at <= toMs; at += stepMs) points.push([at, value(at, index++)]);
  return points;
}

/** Present values and expected ranges of web1, in the order of the profile: [value, low, high, share]. */
export const calmFigures: Readonly<Record<string, readonly [number, number, number, number]>> = {
  cpu: [0.07, 0.02, 0.15, 0.2],
  iowait: [0.004, 0, 0.02, 0.1],
  load_per_core: [0.22, 0.05, 0.6, 0.1],
  memory: [0.41, 0.36, 0.47, 0.1],
  swap: [0, 0, 100, 0],
  disk_busy: [0.03, 0, 0.12, 0.1],
  disk_space: [0.62, 0.6, 0.66, 0.05],
  network_receive: [182_000, 40_000, 900_000, 0.1],
  network_transmit: [95_000, 20_000, 700_000, 0.1],
  network_errors: [0, 0, 5, 0],
  context_switches: [3100, 1200, 9000, 0.1],
  processes_blocked: [0, 0, 2, 0.05],
};
export const loadedFigures: typeof calmFigures = {
  ...calmFigures,
  cpu: [0.97, 0.02, 0.15, 0.58],
  load_per_core: [3.4, 0.05, 0.6, 0.27],
  context_switches: [31_000, 1200, 9000, 0.09],
  iowait: [0.001, 0, 0.02, 0.03],
  memory: [0.45, 0.36, 0.47, 0.02],
  disk_busy: [0.05, 0, 0.12, 0.01],
  network_receive: [210_000, 40_000, 900_000, 0],
  network_transmit: [99_000, 20_000, 700_000, 0],
  disk_space: [0.62, 0.6, 0.66, 0],
  processes_blocked: [0, 0, 2, 0],
};

export function featuresOf(figures: typeof calmFigures): Host['features'] {
  return linuxHost.features.map(({ name, unit }) => {
    const [value, expectedLow, expectedHigh, share] = figures[name] ?? [0, 0, 1, 0];
    return { feature: name, unit, value, expectedLow, expectedHigh, share };
  });
}

export const sharesOf = (figures: typeof calmFigures) =>
  featuresOf(figures)
    .map(({ feature, value, share, expectedLow, expectedHigh }) => ({
      feature,
      value,
      share: share ?? 0,
      expectedLow: expectedLow ?? 0,
      expectedHigh: expectedHigh ?? 0,
    }))
    .toSorted((a, b) => b.share - a.share);
