import { expect, it } from 'vitest';
import { onBoth } from './both.ts';

onBoth('the archive', (place) => {
  it('has a cursor for each rule, which moves only from where it is', async () => {
    const { archive } = await place.open();
    const none = { written: 0, refused: 0, notFinite: 0 };
    expect(await archive.list()).toEqual([]);
    expect(await archive.advance({ rule: 'b', fromMs: 1, toMs: 2, ...none })).toBe(false);
    expect(await archive.advance({ rule: 'b', fromMs: null, toMs: 1_700_000_000_000, ...none })).toBe(true);
    expect(await archive.advance({ rule: 'b', fromMs: null, toMs: 5, ...none })).toBe(false);
    expect(await archive.advance({ rule: 'a', fromMs: null, toMs: 7, ...none })).toBe(true);
    const piece = {
      rule: 'b',
      fromMs: 1_700_000_000_000,
      toMs: 1_700_000_300_000,
      written: 5_000_000_000,
      refused: 2,
      notFinite: 3,
      infinite: 2,
      stale: 9,
    };
    const both = await Promise.all([archive.advance(piece), archive.advance(piece)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await archive.list()).toEqual([
      { rule: 'a', beganMs: 7, cursorMs: 7, ...none, infinite: 0, stale: 0 },
      {
        rule: 'b',
        beganMs: 1_700_000_000_000,
        cursorMs: 1_700_000_300_000,
        written: 5_000_000_000,
        refused: 2,
        notFinite: 3,
        infinite: 2,
        stale: 9,
      },
    ]);
  });
});
