import type { ModelInfo } from '../../src/model/score.ts';

const hour = 3_600_000;

/** A model of an entity, in use. */
export function model(now: number, entity: string): ModelInfo {
  return {
    id: 7,
    profile: 'linux-host',
    entity,
    version: 4,
    detector: 'isolation-forest',
    profileVersion: 1,
    createdMs: now - 20 * hour,
    trainedFromMs: now - 188 * hour,
    trainedToMs: now - 20 * hour,
    steps: 40_320,
    bytes: 412_000,
    sha256: 'a'.repeat(64),
    state: 'active',
    dataSha256: 'd'.repeat(64),
    options: { trees: 100, sampleSize: 256, contamination: 0.001, seed: 1, stepMs: 15_000, timeZone: 'Europe/Madrid' },
    pinned: false,
  };
}

/** Newest first: one in use, one damaged, two kept, the oldest without a word of what it was made of. */
export function versionsOf(now: number): ModelInfo[] {
  return [4, 3, 2, 1].map((version) => ({
    ...model(now - (4 - version) * 6 * hour, 'web1'),
    id: version,
    version,
    state: version === 4 ? 'active' : version === 3 ? 'corrupt' : 'retired',
    dataSha256: version === 1 ? '' : `${version}f0e1d2c3b4a5968`.repeat(4),
  }));
}
