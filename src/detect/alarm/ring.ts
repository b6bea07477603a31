import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { DetectError } from '../detect-error.ts';

/** The last `capacity` numbers, oldest first; memory grows with what is in it, never beyond `capacity`. */
export class Ring {
  readonly capacity: number;
  private values = new Float64Array(16);
  private first = 0;
  private count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.count;
  }

  push(value: number): void {
    if (this.capacity === 0) return;
    if (this.count === this.capacity) this.shift();
    else if (this.count === this.values.length) this.resize(Math.min(this.capacity, 2 * this.count));
    this.values[(this.first + this.count) % this.values.length] = value;
    this.count++;
  }

  /** Forgets the oldest. */
  shift(): void {
    if (this.count === 0) return;
    this.first = (this.first + 1) % this.values.length;
    this.count--;
  }

  /** Takes the newest away; NaN where there is none. */
  pop(): number {
    const newest = this.at(-1);
    if (this.count > 0) this.count--;
    return newest;
  }

  /** The number `index` places after the oldest, or before the end where it is negative; NaN outside. */
  at(index: number): number {
    const place = index < 0 ? this.count + index : index;
    return place < 0 || place >= this.count ? Number.NaN : (this.values[(this.first + place) % this.values.length] as number);
  }

  toArray(): Float64Array {
    return Float64Array.from({ length: this.count }, (_, index) => this.at(index));
  }

  sorted(): Float64Array {
    return this.toArray().sort();
  }

  save(writer: BodyWriter): void {
    writer.uint32(this.count);
    writer.float64s(this.toArray());
  }

  /** @throws DetectError for more numbers than fit, or numbers that are not finite. */
  static load(reader: BodyReader, capacity: number): Ring {
    const count = reader.uint32();
    if (count > capacity) throw new DetectError('hostile', `A threshold kept ${count} numbers, but at most ${capacity} fit.`);
    const ring = new Ring(capacity);
    for (const value of reader.float64s(count)) {
      if (!Number.isFinite(value)) throw new DetectError('hostile', `A threshold kept the number ${value}.`);
      ring.push(value);
    }
    return ring;
  }

  private resize(size: number): void {
    const grown = new Float64Array(size);
    grown.set(this.toArray());
    this.values = grown;
    this.first = 0;
  }
}
