/**
 * The messages of Prometheus's remote_read (prompb/remote.proto and types.proto), as far as they are needed: its requests and
 * its responses of type SAMPLES, read and written.
 */
export interface Matcher {
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly name: string;
  readonly value: string;
}

export interface ReadQuery {
  /** Both ends belong to it. Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly matchers: readonly Matcher[];
}

export interface ReadSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly tsMs: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const ops = ['=', '!=', '=~', '!~'] as const;

interface Field {
  readonly number: number;
  /** Of a varint. */
  readonly value: bigint;
  /** Of what has a length. */
  readonly bytes: Uint8Array;
}

/** The fields of a message in their order; unknown ones are the caller's to pass over. @throws RangeError */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined || shift > 63n) throw new RangeError('no protobuf message');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const value = wire === 0 ? varint() : 0n;
    const size = wire === 2 ? Number(varint()) : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    if (![0, 1, 2, 5].includes(wire) || at + size > message.length) throw new RangeError('no protobuf message');
    yield { number: tag >>> 3, value, bytes: message.subarray(at, at + size) };
    at += size;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The queries of a ReadRequest. @throws RangeError, TypeError for what is none. */
export function readRequest(message: Uint8Array): ReadQuery[] {
  return [...fieldsOf(message)].filter(({ number }) => number === 1).map(({ bytes }) => queryOf(bytes));
}

function queryOf(message: Uint8Array): ReadQuery {
  let fromMs = 0;
  let toMs = 0;
  const matchers: Matcher[] = [];
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) fromMs = Number(BigInt.asIntN(64, value));
    if (number === 2) toMs = Number(BigInt.asIntN(64, value));
    if (number === 3) matchers.push(matcherOf(bytes));
  }
  return { fromMs, toMs, matchers };
}

function matcherOf(message: Uint8Array): Matcher {
  const matcher = { op: '=' as Matcher['op'], name: '', value: '' };
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) {
      const op = ops[Number(value)];
      if (op === undefined) throw new RangeError(`a matcher of type ${value}`);
      matcher.op = op;
    }
    if (number === 2) matcher.name = utf8.decode(bytes);
    if (number === 3) matcher.value = utf8.decode(bytes);
  }
  return matcher;
}

/** A ReadResponse: a QueryResult for each query, in their order. Labels are sorted, as Prometheus wants them. */
export function writeResponse(results: readonly (readonly ReadSeries[])[]): Uint8Array {
  return message(results.map((result) => lengthy(1, message(result.map((series) => lengthy(1, timeSeries(series)))))));
}

const encoder = new TextEncoder();

function timeSeries({ labels, tsMs, values }: ReadSeries): Uint8Array {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => lengthy(1, message([lengthy(1, encoder.encode(name)), lengthy(2, encoder.encode(value))])));
  // One buffer for all samples of a series: there may be many.
  const samples = new Uint8Array(values.length * 22);
  const view = new DataView(samples.buffer);
  let at = 0;
  for (let index = 0; index < values.length; index++) {
    const time = varint(BigInt(tsMs[index] as number));
    samples.set([0x12, 10 + time.length, 0x09], at);
    view.setFloat64(at + 3, values[index] as number, true);
    samples[at + 11] = 0x10;
    samples.set(time, at + 12);
    at += 12 + time.length;
  }
  return message([...pairs, samples.subarray(0, at)]);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

function lengthy(field: number, bytes: Uint8Array): Uint8Array {
  return message([Uint8Array.from([(field << 3) | 2, ...varint(BigInt(bytes.length))]), bytes]);
}

function message(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A ReadRequest of one query. */
export function writeRequest({ fromMs, toMs, matchers }: ReadQuery): Uint8Array {
  const asked = matchers.map(({ op, name, value }) =>
    lengthy(
      3,
      message([
        Uint8Array.from([0x08, ...varint(BigInt(ops.indexOf(op)))]),
        lengthy(2, encoder.encode(name)),
        lengthy(3, encoder.encode(value)),
      ]),
    ),
  );
  const span = Uint8Array.from([0x08, ...varint(BigInt(fromMs)), 0x10, ...varint(BigInt(toMs))]);
  return message([lengthy(1, message([span, ...asked]))]);
}

/** model/value/value.go: the NaN by which Prometheus says that a series ended. */
const staleBits = 0x7ff0000000000002n;

/** How many samples of a ReadResponse are stale markers. @throws RangeError for what is none. */
export function countStale(response: Uint8Array): number {
  let count = 0;
  for (const result of fieldsOf(response)) {
    if (result.number !== 1) continue;
    for (const series of fieldsOf(result.bytes)) {
      if (series.number !== 1) continue;
      for (const { number, bytes } of fieldsOf(series.bytes)) {
        if (number === 2 && isStale(bytes)) count++;
      }
    }
  }
  return count;
}

function isStale(sample: Uint8Array): boolean {
  for (const { number, bytes } of fieldsOf(sample)) {
    if (number === 1 && bytes.length === 8) return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true) === staleBits;
  }
  return false;
}
