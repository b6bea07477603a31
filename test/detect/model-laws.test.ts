/** The model file of every detector: used as it was saved, or refused with a clear error. Never a NaN, never another exception. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector, DetectError, detectors, loadDetector, streamScores } from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';
import { BodyReader, BodyWriter, formatVersion, openModel, sealModel } from '../../src/detect/model-buffer.ts';
import { normalRows, plainFeatures } from './data.ts';

const width = 3;
const stepMs = 60_000;
const startMs = Date.UTC(2026, 4, 4);
const learnedRows = 200;
const options = { trees: 10, sampleSize: 16, stepMs };
const timesFrom = (step: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => startMs + (step + at) * stepMs);

function saved(slug: string): Uint8Array {
  const detector = createDetector(slug, plainFeatures(width), options);
  detector.learn(normalRows(1, learnedRows, width), timesFrom(0, learnedRows));
  return detector.save();
}
const models = new Map([...detectors.keys()].map((slug) => [slug, saved(slug)]));

/** The reason why a buffer is refused; null when it is not. */
function reasonOf(buffer: Uint8Array): string | null {
  try {
    loadDetector(buffer);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(DetectError);
    expect((error as DetectError).message).toMatch(/^[A-Z].*\.$/s);
    return (error as DetectError).reason;
  }
}

/** Whatever a detector was loaded from: scores, shares, ranges and threshold are numbers as they should be. */
function expectSound(detector: Detector): void {
  const own = detector.features.length;
  const rows = normalRows(2, 12, own);
  const times = timesFrom(learnedRows, 12);
  for (let at = 0; at < 12; at++) {
    const row = rows.subarray(at * own, (at + 1) * own);
    const score = detector.score(row, times[at]);
    if (score === null) continue;
    expect(score >= 0 && score <= 1, `score ${score}`).toBe(true);
    const explanation = detector.explain(row, times[at]);
    expect(explanation?.shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    for (const { low, high } of explanation?.expected ?? [])
      expect(Number.isFinite(low) && Number.isFinite(high), `${low} ${high}`).toBe(true);
  }
  const { threshold } = detector;
  expect(threshold === null || (threshold > 0.5 && threshold < 1), `threshold ${threshold}`).toBe(true);
  if (!detector.streaming) return;
  for (const score of streamScores(detector, rows, times)) expect(Number.isNaN(score) || (score >= 0 && score <= 1), `${score}`).toBe(true);
  expect(() => loadDetector(detector.save())).not.toThrow();
}

/** Where the learned 64-bit numbers of a body begin: all to its end where a detector streams, those before the forest elsewhere. */
function placesOfNumbers(model: Uint8Array): number[] {
  const detector = loadDetector(model);
  const body = openModel(model);
  if (detector.streaming) return Array.from({ length: Math.floor((body.length - 200) / 8) }, (_, back) => body.length - 8 * (1 + back));
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let threshold = 0;
  while (view.getFloat64(threshold, true) !== detector.threshold) threshold++;
  // Five numbers and a byte per feature, two per figure, the threshold.
  const figures = threshold - 8 * 2 * 4;
  const scales = figures - width - 8 * 5 * width;
  return [...Array.from({ length: 5 * width }, (_, at) => scales + 8 * at), ...Array.from({ length: 9 }, (_, at) => figures + 8 * at)];
}

describe.each([...models])('a model of %s', (slug, model) => {
  const body = openModel(model);
  const changed = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
    const bytes = Uint8Array.from(model);
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };

  test('as it is, is sound', () => {
    expect(reasonOf(model)).toBeNull();
    expectSound(loadDetector(model));
  });

  test('cut anywhere, or with anything behind it, is refused as truncated', () => {
    const cut = fc.oneof(fc.nat(model.length - 1), fc.nat(64), fc.integer({ min: model.length - 64, max: model.length - 1 }));
    fc.assert(
      fc.property(cut, (length) => reasonOf(model.subarray(0, length)) === 'truncated'),
      { numRuns: 60 },
    );
    const longer = new Uint8Array(model.length + 1);
    longer.set(model);
    expect(reasonOf(longer)).toBe('truncated');
  });

  test('with any bit flipped is refused', () => {
    fc.assert(
      fc.property(fc.nat(model.length * 8 - 1), (bit) => {
        expect(reasonOf(changed((bytes) => (bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7)))))).not.toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  test('of another version is refused, with both numbers named', () => {
    const newer = changed((_, view) => view.setUint32(4, formatVersion + 1, true));
    expect(reasonOf(newer)).toBe('newer-version');
    expect(() => loadDetector(newer)).toThrow(`format ${formatVersion + 1}; this program knows up to ${formatVersion}`);
    expect(reasonOf(changed((_, view) => view.setUint32(4, 0, true)))).toBe('hostile');
  });

  test('with a checksum that fits, but cut anywhere or longer, is refused', () => {
    const cut = fc.oneof(fc.nat(body.length - 1), fc.nat(100), fc.integer({ min: body.length - 64, max: body.length - 1 }));
    fc.assert(
      fc.property(cut, (length) => reasonOf(sealModel(body.subarray(0, length))) === 'hostile'),
      { numRuns: 60 },
    );
    const longer = new Uint8Array(body.length + 8);
    longer.set(body);
    expect(() => loadDetector(sealModel(longer))).toThrow('8 bytes too many');
  });

  test('with a checksum that fits, but NaN or an infinity in place of any number, is refused', () => {
    const places = placesOfNumbers(model);
    expect(places.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom(Number.NaN, Infinity, -Infinity), (place, value) => {
        const bytes = Uint8Array.from(body);
        new DataView(bytes.buffer).setFloat64(place, value, true);
        expect(reasonOf(sealModel(bytes))).toBe('hostile');
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('with a checksum that fits, and any bytes or numbers replaced, is refused, or is as sound as any', () => {
    const offset = fc.oneof(
      fc.nat(body.length - 8),
      fc.nat(Math.min(600, body.length - 8)),
      fc.integer({ min: 0, max: 199 }).map((back) => Math.max(0, body.length - 8 * (1 + back))),
    );
    const number = fc.oneof(
      fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 0.5, 1e300, -1e300, Number.MIN_VALUE, 2 ** 32, 2 ** 53),
      fc.double(),
    );
    const edit = fc.record({ at: offset, number, byte: fc.option(fc.nat(255)) });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const bytes = Uint8Array.from(body);
        for (const { at, number: value, byte } of edits) {
          if (byte === null) new DataView(bytes.buffer).setFloat64(at, value, true);
          else bytes.fill(byte, at, at + 3);
        }
        const buffer = sealModel(bytes);
        if (reasonOf(buffer) === null) expectSound(loadDetector(buffer));
        else refused++;
      }),
      { numRuns: 250, endOnFailure: true },
    );
    expect(refused).toBeGreaterThan(25);
  });

  test('that says it is of another detector is refused, or is as sound as any', () => {
    const reader = new BodyReader(body);
    expect(reader.text()).toBe(slug);
    const rest = body.subarray(4 + 2 * slug.length);
    for (const other of detectors.keys()) {
      const writer = new BodyWriter();
      writer.text(other);
      const head = writer.body();
      const bytes = new Uint8Array(head.length + rest.length);
      bytes.set(head);
      bytes.set(rest, head.length);
      const buffer = sealModel(bytes);
      if (reasonOf(buffer) === null) expectSound(loadDetector(buffer));
      // A forest is laid out like nothing else.
      if (other !== slug && (other === 'isolation-forest' || slug === 'isolation-forest')) expect(reasonOf(buffer)).not.toBeNull();
    }
  });
});
