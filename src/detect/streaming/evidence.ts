/** How a row's figure is made of its features' parts. */

/** Logarithmic, so that one wild feature does not drown the rest, and the next thousandfold still counts. */
export const part = (excess: number): number => Math.log1p(excess);

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

/** Linear near 0, logarithmic far out, never falling: what is far stays far, but its square does not drown the rest. */
export function tamed(scaled: number): number {
  const size = Math.abs(scaled);
  return size <= scalesPlain ? scaled : Math.sign(scaled) * scalesPlain * (1 + Math.log(size / scalesPlain));
}
