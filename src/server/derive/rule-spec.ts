import type { Severity } from '../../model/incident.ts';
import type { Profile } from '../../model/profile.ts';
import type { Target } from '../../model/target.ts';
import { wellFormed } from './yaml-text.ts';

export type Category = 'anomaly' | 'availability' | 'cpu' | 'memory' | 'disk' | 'network' | 'other';

/** One alerting rule as an object: what the page and `vigia rules` list, and what the rule files are printed from. */
export interface RuleSpec {
  readonly name: string;
  readonly severity: Severity;
  readonly category: Category;
  /** Slug of the profile whose entities it watches; `vigia` for Vigía itself. */
  readonly profile: string;
  /** The only entity it can fire for; null for every entity of the profile. */
  readonly entity: string | null;
  /** What it watches, in a sentence for people. */
  readonly title: string;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Labels besides those of the expression; severity and category are among them. May hold templates. */
  readonly labels: Readonly<Record<string, string>>;
  /** `title` (a headline), `summary` (a sentence), `details` (lines, may be absent), `url`. Templates. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleInput {
  readonly profiles: readonly Profile[];
  /** Those that Vigía's own Prometheus scrapes; disabled ones are left out here. */
  readonly targets: readonly Target[];
  readonly scrapeIntervalMs: number;
  readonly keepFiringMs: number;
  /** Links in messages start with it, base path included. */
  readonly publicUrl: string;
  /** Whether there is an archive to watch over. */
  readonly archive?: boolean | undefined;
  /** Whether there is a cluster to watch over. */
  readonly kubernetes?: boolean | undefined;
}

/** A value of `instance` as discovery gives it: stable for Vigía's own host, the address for all others. */
export const instanceOf = (target: Target): string => (target.managedBy === 'vigia' ? target.id : target.address);

/** Windows of `rate` in rules and features: 4 x the scrape interval. */
export const rateWindowMs = (scrapeIntervalMs: number): number => 4 * scrapeIntervalMs;

/** Rules are evaluated with each scrape, and four times a minute at least. */
export const evaluationIntervalMs = (scrapeIntervalMs: number): number => Math.min(scrapeIntervalMs, 15_000);

/** How often a Docker engine is asked what runs, and its metrics are scraped: what stops is a finding within 30 s. */
export const engineIntervalMs = (scrapeIntervalMs: number): number => Math.min(scrapeIntervalMs, 5_000);

/** Text that stands for itself in a Go template. */
export const literal = (text: string): string => wellFormed(text).replaceAll('{{', '{{ "{{" }}');

/**
 * The page that knows about the alert: the open incident of its entity. Templates see the labels of the expression only,
 * not those that the rule adds, so the caller says how the entity is made of those.
 */
export const incidentUrl = (publicUrl: string, entity: string, profile: string): string =>
  `${literal(publicUrl.replace(/\/+$/, ''))}/go/incident?profile=${profile}&entity=${entity}`;

/** What a threshold rule says. `headline` and `details` are templates. */
export interface RuleText {
  readonly title: string;
  readonly expr: string;
  readonly forMs: number;
  readonly headline: string;
  readonly details: string;
}

/** Whom an alert is about: the templates of its label `entity`, and of the same in a link. */
export interface RuleEntity {
  readonly entity: string;
  readonly query: string;
}

/** A threshold rule for any entity of a profile. */
export function thresholdRule(
  input: Pick<RuleInput, 'publicUrl'>,
  rule: Pick<RuleSpec, 'name' | 'severity' | 'category' | 'profile'>,
  { entity, query }: RuleEntity,
  text: RuleText,
  /** Labels that the expression's result lacks. */
  labels: Readonly<Record<string, string>> = {},
): RuleSpec {
  const { severity, category, profile } = rule;
  return {
    ...rule,
    entity: null,
    title: text.title,
    expr: text.expr,
    forMs: text.forMs,
    keepFiringForMs: 0,
    labels: { severity, category, profile, ...labels, entity },
    annotations: {
      title: text.headline,
      summary: `${text.headline}. ${text.details}`,
      details: text.details,
      url: incidentUrl(input.publicUrl, query, profile),
    },
  };
}
