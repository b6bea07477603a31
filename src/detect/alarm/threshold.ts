import type { BodyWriter } from '../model-buffer.ts';

/** From which score on a score counts. Learns from past scores only; knows no detector. */
export interface Threshold {
  /** The threshold's slug: configuration value, file, section of docs/thresholds.md. */
  readonly slug: string;
  /**
   * Takes one score and its time in ms since the epoch. A score that is not finite, or not later than the last one taken,
   * teaches nothing. Scores that must not be learned (marked faults, maintenance) are simply not given.
   */
  observe(score: number, timeMs: number): void;
  /** A score at or above this counts; finite, or `null` while too little was seen. */
  value(): number | null;
  /** What scores are on an ordinary day, below `value()`: an alarm closes on the way back to it. `null` while not known. */
  ordinary(): number | null;
  /** Writes options and all that was learned; `loadThreshold` reads it. The length has a bound that the options set. */
  save(writer: BodyWriter): void;
}
