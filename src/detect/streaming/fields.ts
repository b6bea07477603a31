/** What a streaming detector has learned is arrays of numbers with bounds: so all of it is saved, and read without trust, in one way. */
import { between, hostile } from '../feature-codec.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';

export interface Field {
  readonly name: string;
  /** The live array: reading fills it in place. */
  readonly values: Float64Array;
  readonly least: number;
  readonly most: number;
  /** Whether the numbers are counts or places. */
  readonly whole: boolean;
}

export const numbers = (name: string, values: Float64Array, least: number, most: number): Field => ({
  name,
  values,
  least,
  most,
  whole: false,
});
export const counts = (name: string, values: Float64Array, most: number, least = 0): Field => ({ name, values, least, most, whole: true });

export function writeFields(writer: BodyWriter, fields: readonly Field[]): void {
  for (const { values } of fields) writer.float64s(values);
}

/** @throws DetectError for a number outside of its bounds. */
export function readFields(reader: BodyReader, fields: readonly Field[]): void {
  for (const { name, values, least, most, whole } of fields) {
    values.set(between(name, least, most, reader.float64s(values.length)));
    if (whole && values.some((value) => !Number.isInteger(value))) throw hostile(`The model's ${name} are not whole numbers.`);
  }
}
