/**
 * The last values of each feature in bounded memory: at first all of them, then evenly thinned (every 2nd, every 4th, ...)
 * until the ring spans its horizon, then a ring.
 */
import { counts, numbers } from './fields.ts';
import type { Field } from './fields.ts';
import { bound } from '../scaler.ts';

export class ThinnedRings {
  readonly count: Float64Array;
  private readonly capacity: number;
  private readonly largestStride: number;
  private readonly values: Float64Array;
  private readonly next: Float64Array;
  private readonly stride: Float64Array;
  private readonly skipped: Float64Array;

  /** @param width features; @param capacity values of each, even; @param horizon rows that the full ring should span */
  constructor(width: number, capacity: number, horizon: number) {
    this.capacity = capacity;
    this.largestStride = 2 ** Math.max(0, Math.floor(Math.log2(horizon / capacity)));
    this.values = new Float64Array(width * capacity);
    this.count = new Float64Array(width);
    this.next = new Float64Array(width);
    this.stride = new Float64Array(width).fill(1);
    this.skipped = new Float64Array(width);
  }

  /** @returns whether the value was kept. */
  push(index: number, value: number): boolean {
    const skipped = (this.skipped[index] as number) + 1;
    const stride = this.stride[index] as number;
    this.skipped[index] = skipped < stride ? skipped : 0;
    if (skipped < stride) return false;
    const from = index * this.capacity;
    if (this.count[index] === this.capacity && stride < this.largestStride) this.halve(index);
    const count = this.count[index] as number;
    const next = this.next[index] as number;
    this.values[from + (count < this.capacity ? count : next)] = value;
    if (count < this.capacity) this.count[index] = count + 1;
    else this.next[index] = (next + 1) % this.capacity;
    return true;
  }

  /** A copy, ascending. */
  sorted(index: number): Float64Array {
    const from = index * this.capacity;
    return this.values.slice(from, from + (this.count[index] as number)).sort();
  }

  /** Forgets a feature's values and takes those of another ring of no larger capacity. */
  replace(index: number, other: ThinnedRings): void {
    const count = other.count[index] as number;
    const from = index * other.capacity;
    // The other ring may have wrapped; here the oldest must come first, so that thinning stays even.
    const turn = count === other.capacity ? (other.next[index] as number) : 0;
    for (let at = 0; at < count; at++)
      this.values[index * this.capacity + at] = other.values[from + ((turn + at) % other.capacity)] as number;
    this.count[index] = count;
    this.next[index] = 0;
    this.stride[index] = Math.min(other.stride[index] as number, this.largestStride);
    this.skipped[index] = 0;
  }

  shift(index: number, by: number): void {
    const from = index * this.capacity;
    for (let at = from; at < from + this.capacity; at++) {
      this.values[at] = Math.max(-2 * bound, Math.min(2 * bound, (this.values[at] as number) + by));
    }
  }

  fields(name: string): readonly Field[] {
    return [
      numbers(`${name} values`, this.values, -2 * bound, 2 * bound),
      counts(`${name} counts`, this.count, this.capacity),
      counts(`${name} places`, this.next, this.capacity - 1),
      counts(`${name} strides`, this.stride, this.largestStride, 1),
      counts(`${name} skips`, this.skipped, this.largestStride),
    ];
  }

  /** Keeps every second value, the newest among them. */
  private halve(index: number): void {
    const from = index * this.capacity;
    for (let at = 0; at < this.capacity / 2; at++) this.values[from + at] = this.values[from + 2 * at + 1] as number;
    this.count[index] = this.capacity / 2;
    this.stride[index] = 2 * (this.stride[index] as number);
  }
}
