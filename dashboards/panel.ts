import type { Unit } from '../src/model/profile.ts';

/** One PromQL expression with `$selector` (profile and target), `$by` and `$rate`; a legend may use `{{label}}`. */
export interface PanelQuery {
  readonly expr: string;
  readonly legend: string;
}

/** Series whose label `version` says which one runs. */
export interface VersionQuery extends PanelQuery {
  readonly version: string;
}

/** A chart, defined once: the page draws it, and the same definition prints Grafana JSON. */
export interface Panel {
  readonly id: string;
  readonly title: { readonly en: string; readonly es: string };
  readonly unit: Unit;
  /** The profile's feature whose expected band is drawn in, where the panel shows just that feature. */
  readonly feature?: string;
  /** Left out where the panel asks for its feature just as the profile does: a line per entity. */
  readonly queries?: readonly PanelQuery[];
  /** Fixed axis, where the unit has natural bounds. */
  readonly min?: number;
  readonly max?: number;
}

export interface Dashboard {
  readonly slug: string;
  readonly profile: string;
  readonly title: { readonly en: string; readonly es: string };
  readonly panels: readonly Panel[];
  /** When what is watched began, in Unix seconds: a new value is a boot, a restart, a new deployment, and marked in all charts. */
  readonly starts?: PanelQuery;
  /** What runs, with its version as a label: another version for the same legend is a deployment, marked in all charts from its beginning to its end. */
  readonly versions?: VersionQuery;
  /** Above 0 while what a new version replaces is still there: a deployment too. */
  readonly rollouts?: PanelQuery;
}

type Bounds = Pick<Panel, 'min' | 'max'>;
const fromZero: Bounds = { min: 0 };
/** For shares of a whole. */
export const share: Bounds = { min: 0, max: 1 };

/** A panel of one feature, asked for as the profile does. */
export function featurePanel(feature: string, unit: Unit, en: string, es: string, bounds = fromZero): Panel {
  return { id: feature.replaceAll('_', '-'), title: { en, es }, unit, feature, ...bounds };
}

/** A panel of its own: what a feature sums up, taken apart. */
export function detailPanel(id: string, unit: Unit, en: string, es: string, queries: readonly PanelQuery[], bounds = fromZero): Panel {
  return { id, title: { en, es }, unit, queries, ...bounds };
}
