/** What a bench answers: a few figures, each with its unit, and the goal where there is one. */
export interface Figure {
  readonly what: string;
  /** Null where it could not be measured; `note` says why. */
  readonly value: number | null;
  readonly unit: 'min' | 's' | 'ms' | 'us' | 'bytes' | 'MB' | 'count' | 'ratio';
  /** The value should not be above this. */
  readonly atMost?: number;
  /** The value should not be below this. */
  readonly atLeast?: number;
  readonly note?: string;
}

/** Figures that were measured together. */
export interface Part {
  readonly part: string;
  readonly date: string;
  /** How long measuring took. */
  readonly seconds: number;
  /** What it was measured with. */
  readonly options: Readonly<Record<string, string | number>>;
  readonly figures: readonly Figure[];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
}

export interface Result {
  readonly name: string;
  readonly machine: Machine;
  readonly date: string;
  readonly results: readonly Part[];
}

/** Whether a figure meets its goal; null where it has none. What could not be measured meets no goal. */
export function meets(figure: Figure): boolean | null {
  const { value, atMost, atLeast } = figure;
  if (atMost === undefined && atLeast === undefined) return null;
  return value !== null && value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

/** Measures one part: its figures, when, and how long that took. What goes wrong is a figure without a value, and the rest goes on. */
export async function measured(
  part: string,
  options: Part['options'],
  measure: () => Promise<readonly Figure[]> | readonly Figure[],
): Promise<Part> {
  const startedMs = performance.now();
  let figures: readonly Figure[];
  try {
    figures = await measure();
  } catch (thrown) {
    figures = [
      {
        what: 'could not be measured',
        value: null,
        unit: 'count',
        atMost: 0,
        note: thrown instanceof Error ? thrown.message : String(thrown),
      },
    ];
  }
  return { part, date: new Date().toISOString(), seconds: Math.round((performance.now() - startedMs) / 100) / 10, options, figures };
}
