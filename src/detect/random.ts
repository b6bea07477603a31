/**
 * A small seeded random source: sfc32 ("small fast counter", Chris Doty-Humphrey, PractRand 0.94), 128 bits of state.
 * Not for secrets. The same seed gives the same numbers on every machine: only 32-bit integer operations are used.
 */

export interface Random {
  /** A number in [0, 1) with 32 random bits. */
  uniform(): number;
  /** An integer in [0, bound); `bound` is 1 ... 2^32. */
  below(bound: number): number;
}

/** Rounds thrown away so that seeds that differ in one bit give unrelated numbers. */
const warmUpRounds = 15;

export function createRandom(seed: number): Random {
  let a = 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = seed | 0;
  let counter = 1;

  function next(): number {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + out) | 0;
    return out >>> 0;
  }

  for (let round = 0; round < warmUpRounds; round++) next();
  const uniform = (): number => next() / 2 ** 32;
  return { uniform, below: (bound) => Math.floor(uniform() * bound) };
}
