import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { Ring } from './ring.ts';

/** The time is told apart this finely: of scores that are nearer to each other only the lowest is kept. */
const parts = 128;
const remembered = parts + 2;

/** The level that scores have held for a time: the lowest score since `holdMs` ago. */
export class Held {
  private readonly holdMs: number;
  private times = new Ring(remembered);
  private scores = new Ring(remembered);

  constructor(holdMs: number) {
    this.holdMs = holdMs;
  }

  /** NaN while the scores do not reach back so far. */
  next(score: number, timeMs: number): number {
    if (this.holdMs === 0) return score;
    if (timeMs - this.times.at(-1) < this.holdMs / parts) this.scores.push(Math.min(score, this.scores.pop()));
    else {
      this.times.push(timeMs);
      this.scores.push(score);
    }
    // The newest score that is old enough, and all after it.
    while (this.times.at(1) <= timeMs - this.holdMs) {
      this.times.shift();
      this.scores.shift();
    }
    if (this.times.at(0) > timeMs - this.holdMs) return Number.NaN;
    let lowest = score;
    for (let index = 0; index < this.scores.length; index++) lowest = Math.min(lowest, this.scores.at(index));
    return lowest;
  }

  save(writer: BodyWriter): void {
    this.times.save(writer);
    this.scores.save(writer);
  }

  static load(reader: BodyReader, holdMs: number): Held {
    const held = new Held(holdMs);
    held.times = Ring.load(reader, remembered);
    held.scores = Ring.load(reader, remembered);
    if (held.times.length !== held.scores.length)
      throw new DetectError('hostile', `A threshold holds ${held.scores.length} scores with ${held.times.length} times.`);
    return held;
  }
}
