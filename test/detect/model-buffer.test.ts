/** A saved model may come from anywhere: it is used as it was, or refused with a DetectError; nothing in between. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector, DetectError, loadDetector } from '../../src/detect/index.ts';
import { readForest, writeForest } from '../../src/detect/forest/codec.ts';
import type { IsolationForest } from '../../src/detect/forest/forest.ts';
import { growForest } from '../../src/detect/forest/grow.ts';
import { BodyReader, BodyWriter, crc32, formatVersion, openModel, sealModel } from '../../src/detect/model-buffer.ts';
import { normalRows, plainFeatures } from './data.ts';

const width = 4;
const detector = createDetector('isolation-forest', plainFeatures(width), { trees: 8, sampleSize: 16 });
detector.learn(normalRows(1, 60, width));
const saved = detector.save();
const probes = normalRows(2, 20, width);

function reasonOf(buffer: Uint8Array): string | null {
  try {
    loadDetector(buffer);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(DetectError);
    return (error as DetectError).reason;
  }
}

const changed = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
  const bytes = Uint8Array.from(saved);
  change(bytes, new DataView(bytes.buffer));
  return bytes;
};

test('crc32 is that of zip and PNG', () => {
  expect(crc32(Uint8Array.from('123456789', (digit) => digit.charCodeAt(0)))).toBe(0xcb_f4_39_26);
});

describe('a buffer is refused', () => {
  test('cut anywhere', () => {
    for (let length = 0; length < saved.length; length++) expect(reasonOf(saved.subarray(0, length))).toBe('truncated');
  });

  test('with anything behind it', () => {
    const longer = new Uint8Array(saved.length + 1);
    longer.set(saved);
    expect(reasonOf(longer)).toBe('truncated');
  });

  test('with any bit flipped', () => {
    fc.assert(
      fc.property(fc.nat(saved.length * 8 - 1), (bit) => {
        expect(reasonOf(changed((bytes) => (bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7)))))).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  test('that is no model, or one of a newer version, with both numbers named', () => {
    expect(reasonOf(new Uint8Array(100))).toBe('not-a-model');
    const newer = changed((_, view) => view.setUint32(4, formatVersion + 1, true));
    expect(reasonOf(newer)).toBe('newer-version');
    expect(() => loadDetector(newer)).toThrow(`format ${formatVersion + 1}; this program knows up to ${formatVersion}`);
  });
});

describe('with a checksum that fits', () => {
  const body = openModel(saved);

  test('and any bytes replaced it is refused, or scores as a model should', () => {
    const offset = fc.oneof(fc.nat(body.length - 1), fc.nat(400));
    const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
    let refused = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(offset, byte, fc.integer({ min: 1, max: 8 })), { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = Uint8Array.from(body);
        for (const [at, value, count] of edits) bytes.fill(value, at, at + count);
        const buffer = sealModel(bytes);
        if (reasonOf(buffer) !== null) {
          refused++;
          return;
        }
        const loaded = loadDetector(buffer);
        for (let at = 0; at + loaded.features.length <= probes.length; at += loaded.features.length) {
          const explanation = loaded.explain(probes.subarray(at, at + loaded.features.length));
          if (explanation === null) continue;
          expect(explanation.score >= 0 && explanation.score <= 1).toBe(true);
          expect(explanation.shares.every((share) => share >= 0 && share <= 1)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(200);
  });

  test('and cut anywhere it is refused', () => {
    for (let length = 0; length < body.length; length++) expect(reasonOf(sealModel(body.subarray(0, length)))).toBe('hostile');
  });

  test('and an unknown detector it is refused by name', () => {
    const other = Uint8Array.from(body);
    other[4] = 'x'.charCodeAt(0);
    expect(() => loadDetector(sealModel(other))).toThrow('"xsolation-forest"');
  });
});

describe('a forest is refused', () => {
  const rows = Float32Array.from(normalRows(3, 60, 2));
  const forest = growForest(rows, 60, 2, { trees: 3, sampleSize: 16, seed: 1 });
  const last = forest.left.length - 1;
  const read = (change: Partial<IsolationForest>): IsolationForest => {
    const writer = new BodyWriter();
    writeForest(writer, { ...forest, ...change });
    return readForest(new BodyReader(writer.body()), 2);
  };

  test('never when nothing was changed', () => {
    expect(read({})).toEqual(forest);
  });

  test.each<[string, Partial<IsolationForest>, string]>([
    ['child that is its own node', { left: forest.left.with(0, 0) }, 'has the child 0'],
    ['child before its parent', { right: forest.right.with(last, 0) }, 'has the child 0'],
    ['child beyond its tree', { right: forest.right.with(0, 900) }, 'has the child 900'],
    ['leaf that is not there', { left: forest.left.with(0, -30_000) }, 'has the child -30000'],
    ['root that is not the first node', { roots: forest.roots.with(1, 2) }, 'begins at node 2'],
    ['threshold that is NaN', { threshold: forest.threshold.with(0, Number.NaN) }, 'has the threshold NaN'],
    ['feature that is not there', { feature: forest.feature.with(0, 2) }, 'splits on feature 2 of 2'],
    ['leaf that is NaN deep', { leafPaths: forest.leafPaths.with(0, Number.NaN) }, 'path length NaN'],
    ['leaf of negative depth', { leafPaths: forest.leafPaths.with(0, -1) }, 'path length -1'],
    ['trees that overlap', { offsets: forest.offsets.with(1, 60_000) }, 'Tree 0 has 60000 nodes'],
    ['sample of one row', { sampleSize: 1 }, 'saw 1 rows'],
    ['other features', { featureCount: 3 }, '3 features, not 2'],
  ])('for a %s', (_, change, message) => {
    expect(() => read(change)).toThrow(message);
    expect(() => read(change)).toThrow(DetectError);
  });
});
