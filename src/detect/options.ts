/** Options that every detector understands; those left out take the defaults. */
export interface DetectorOptions {
  /** Trees of a forest. */
  readonly trees: number;
  /** Rows each tree sees. */
  readonly sampleSize: number;
  /** Share of the training rows that may lie above the threshold. */
  readonly contamination: number;
  /** Seed of every random choice. */
  readonly seed: number;
  /** Expected distance of two rows, in milliseconds. */
  readonly stepMs: number;
  /** Whose days and weeks count: an IANA name. */
  readonly timeZone: string;
}

export const defaultOptions: DetectorOptions = {
  trees: 100,
  sampleSize: 256,
  contamination: 0.001,
  seed: 1,
  stepMs: 15_000,
  timeZone: 'UTC',
};

/** What is wrong with the options, or `null`. */
export function optionsProblem({ trees, sampleSize, contamination, seed, stepMs, timeZone }: DetectorOptions): string | null {
  if (!Number.isInteger(trees) || trees < 1 || trees > 2000) return `trees is ${trees}, not 1 to 2000`;
  if (!Number.isInteger(sampleSize) || sampleSize < 2 || sampleSize > 4096) return `sampleSize is ${sampleSize}, not 2 to 4096`;
  if (!(contamination > 0 && contamination <= 0.5)) return `contamination is ${contamination}, not above 0 and at most 0.5`;
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xff_ff_ff_ff) return `seed is ${seed}, not 0 to 4294967295`;
  if (!(stepMs >= 1 && stepMs <= 86_400_000)) return `stepMs is ${stepMs}, not 1 to 86400000`;
  if (!isTimeZone(timeZone)) return `timeZone is "${timeZone.slice(0, 40)}", no time zone's IANA name`;
  return null;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
