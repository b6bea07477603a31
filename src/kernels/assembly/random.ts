/** The random source of src/detect/random.ts (sfc32), number for number: what grows here grows there. */
let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;
let counter: u32 = 1;

const warmUpRounds = 15;

@inline
export function next(): u32 {
  const out = a + b + counter;
  counter += 1;
  a = b ^ (b >>> 9);
  b = c + (c << 3);
  c = rotl<u32>(c, 21) + out;
  return out;
}

/** `high` and `low` are the upper and lower 32 bits of the seed. */
export function seedRandom(high: u32, low: u32): void {
  a = 0;
  b = high;
  c = low;
  counter = 1;
  for (let round = 0; round < warmUpRounds; round++) next();
}

@inline
export function uniform(): f64 {
  return <f64>next() * (1.0 / 4294967296.0);
}

/** An integer in [0, bound). Up to 2^21 a product of integers is what the product of 64-bit floats rounds to. */
@inline
export function below(bound: u32): u32 {
  return bound <= 0x200000 ? <u32>((<u64>next() * <u64>bound) >>> 32) : <u32>(uniform() * <f64>bound);
}
