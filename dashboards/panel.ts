import type { Unit } from '../src/model/profile.ts';

/** A chart, defined once: the page draws it, and the same definition prints Grafana JSON. */
export interface Panel {
  readonly id: string;
  readonly title: { readonly en: string; readonly es: string };
  readonly unit: Unit;
  /** The profile's feature whose expected band is drawn in, where the panel shows just that feature. */
  readonly feature?: string;
  /** PromQL with `$selector` (profile and target) and `$rate`; a legend may use `{{label}}`. */
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  /** Fixed axis, where the unit has natural bounds. */
  readonly min?: number;
  readonly max?: number;
}

export interface Dashboard {
  readonly slug: string;
  readonly profile: string;
  readonly title: { readonly en: string; readonly es: string };
  readonly panels: readonly Panel[];
}
