/** How a row's figure is made of its features' parts. */

/** Linear up to `knee`, logarithmic beyond, never falling: far is far, but the next thousandfold still counts. */
const tame = (value: number, knee: number): number => (value <= knee ? value : knee * (1 + Math.log(value / knee)));

/** What an excess >= 0 in scales counts as: a wild feature does not drown the rest. */
export const part = (excess: number): number => tame(excess, 4);

/**
 * Mean of the largest part and their root mean square: one feature alone is heard, many that move together are heard louder.
 * @param parts one per feature, >= 0
 */
export function rowFigure(parts: Float64Array): number {
  let largest = 0;
  let squares = 0;
  for (const value of parts) {
    if (value > largest) largest = value;
    squares += value * value;
  }
  return (largest + Math.sqrt(squares / parts.length)) / 2;
}

/** Within so many scales `tamed` leaves a value as it is. */
export const scalesPlain = 8;
/** Above all that it returns for a finite number. */
export const largestTamed = 6000;

/** A signed distance in scales, to be squared: as it is up to `scalesPlain`. */
export const tamed = (scaled: number): number => Math.sign(scaled) * tame(Math.abs(scaled), scalesPlain);
