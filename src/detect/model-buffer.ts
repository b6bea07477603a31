/**
 * A saved model is one buffer: magic "VIGM", format version, body length, body, CRC-32 of all before it.
 * All numbers are little-endian. The body begins with the detector's slug; the rest is the detector's own.
 */
import { DetectError } from './detect-error.ts';

const magic = 0x4d_47_49_56;
/** Raised whenever a body is laid out in another way. */
export const formatVersion = 1;
const headBytes = 12;
const tailBytes = 4;

/** Writes numbers one after another into a buffer that grows. */
export class BodyWriter {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  uint8(value: number): void {
    this.room(1).setUint8(this.length++, value);
  }

  uint32(value: number): void {
    this.room(4).setUint32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.room(8).setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Length, then UTF-16 code units. */
  text(value: string): void {
    this.uint32(value.length);
    this.uint16s(Uint16Array.from({ length: value.length }, (_, i) => value.charCodeAt(i)));
  }

  uint8s(values: Uint8Array): void {
    this.room(values.length);
    this.bytes.set(values, this.length);
    this.length += values.length;
  }

  uint16s(values: Uint16Array): void {
    const view = this.room(2 * values.length);
    for (let i = 0; i < values.length; i++) view.setUint16(this.length + 2 * i, values[i] as number, true);
    this.length += 2 * values.length;
  }

  int16s(values: Int16Array): void {
    this.uint16s(Uint16Array.from(values));
  }

  uint32s(values: Uint32Array): void {
    const view = this.room(4 * values.length);
    for (let i = 0; i < values.length; i++) view.setUint32(this.length + 4 * i, values[i] as number, true);
    this.length += 4 * values.length;
  }

  float32s(values: Float32Array): void {
    const view = this.room(4 * values.length);
    for (let i = 0; i < values.length; i++) view.setFloat32(this.length + 4 * i, values[i] as number, true);
    this.length += 4 * values.length;
  }

  float64s(values: Float64Array): void {
    const view = this.room(8 * values.length);
    for (let i = 0; i < values.length; i++) view.setFloat64(this.length + 8 * i, values[i] as number, true);
    this.length += 8 * values.length;
  }

  body(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** The view, grown so that `count` more bytes fit behind `length`. */
  private room(count: number): DataView {
    const needed = this.length + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return this.view;
  }
}

/** Reads what a BodyWriter wrote. Every read is checked against the end, before any memory is taken. */
export class BodyReader {
  private at = 0;
  private readonly view: DataView;

  constructor(body: Uint8Array) {
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  uint8(): number {
    return this.view.getUint8(this.take(1));
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  text(): string {
    const length = this.uint32();
    const from = this.take(2 * length);
    let value = '';
    for (let i = 0; i < length; i++) value += String.fromCharCode(this.view.getUint16(from + 2 * i, true));
    return value;
  }

  uint8s(count: number): Uint8Array {
    const from = this.take(count);
    const values = new Uint8Array(count);
    for (let i = 0; i < count; i++) values[i] = this.view.getUint8(from + i);
    return values;
  }

  int16s(count: number): Int16Array {
    const from = this.take(2 * count);
    const values = new Int16Array(count);
    for (let i = 0; i < count; i++) values[i] = this.view.getInt16(from + 2 * i, true);
    return values;
  }

  uint32s(count: number): Uint32Array {
    const from = this.take(4 * count);
    const values = new Uint32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.view.getUint32(from + 4 * i, true);
    return values;
  }

  float32s(count: number): Float32Array {
    const from = this.take(4 * count);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.view.getFloat32(from + 4 * i, true);
    return values;
  }

  float64s(count: number): Float64Array {
    const from = this.take(8 * count);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = this.view.getFloat64(from + 8 * i, true);
    return values;
  }

  /** @throws DetectError when something is left over. */
  end(): void {
    if (this.at !== this.view.byteLength)
      throw new DetectError('hostile', `The model has ${this.view.byteLength - this.at} bytes too many.`);
  }

  private take(count: number): number {
    const left = this.view.byteLength - this.at;
    if (count > left)
      throw new DetectError('hostile', `The model needs ${count} more bytes at ${this.at} of its body, but ${left} are left.`);
    const at = this.at;
    this.at += count;
    return at;
  }
}

/** Puts the head before and the checksum behind a body. */
export function sealModel(body: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(headBytes + body.length + tailBytes);
  const view = new DataView(buffer.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, formatVersion, true);
  view.setUint32(8, body.length, true);
  buffer.set(body, headBytes);
  view.setUint32(headBytes + body.length, crc32(buffer.subarray(0, headBytes + body.length)), true);
  return buffer;
}

/** The body of a sealed model. @throws DetectError for a buffer that is none, cut, newer or damaged. */
export function openModel(buffer: Uint8Array): Uint8Array {
  if (buffer.length < headBytes + tailBytes) {
    throw new DetectError('truncated', `A model has at least ${headBytes + tailBytes} bytes; this buffer has ${buffer.length}.`);
  }
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const found = view.getUint32(0, true);
  if (found !== magic)
    throw new DetectError('not-a-model', `The buffer begins with 0x${found.toString(16)}, not with a model's 0x${magic.toString(16)}.`);
  const version = view.getUint32(4, true);
  if (version > formatVersion)
    throw new DetectError('newer-version', `The model has format ${version}; this program knows up to ${formatVersion}.`);
  if (version === 0) throw new DetectError('hostile', 'The model has format 0, which never was.');
  const expected = headBytes + view.getUint32(8, true) + tailBytes;
  if (buffer.length !== expected)
    throw new DetectError('truncated', `The model should have ${expected} bytes; this buffer has ${buffer.length}.`);
  const end = expected - tailBytes;
  const sum = crc32(buffer.subarray(0, end));
  const promised = view.getUint32(end, true);
  if (sum !== promised)
    throw new DetectError('checksum', `The model's checksum is 0x${sum.toString(16)}, but 0x${promised.toString(16)} was written.`);
  return buffer.subarray(headBytes, end);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
  return value;
});

/** CRC-32 as in ISO-HDLC (zip, PNG, Ethernet). */
export function crc32(bytes: Uint8Array): number {
  let value = 0xff_ff_ff_ff;
  for (const byte of bytes) value = (crcTable[(value ^ byte) & 255] as number) ^ (value >>> 8);
  return ~value >>> 0;
}
