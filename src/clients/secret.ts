/** A value that never shows itself: in strings, JSON and `util.inspect` (so in logs too) it prints `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it at the last moment: where a header or a file is written. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}

/** The plain text of a secret or of a string that is none. */
export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value);
