import type { Profile, Unit } from '../model/profile.ts';
import type { BoardRow } from '../model/score.ts';

/**
 * The newest opinion about every entity, and its face to Prometheus. Whether to alert is Prometheus's business;
 * the board only says score, threshold and, for entities at or above threshold, why.
 */
export interface Board {
  /** `/metrics` answers 503 until the board is restored, so that a restart sends no "resolved". */
  readonly restored: boolean;
  restore(rows: readonly BoardRow[]): void;
  put(rows: readonly BoardRow[]): void;
  get(profile: string, entity: string): BoardRow | null;
  rows(): BoardRow[];
  remove(profile: string, entity: string): void;
  /** Exposition text of the rows that are fresh at `nowMs`. */
  exposition(nowMs: number): string;
}

/** Features shown per entity; more would be a list nobody reads, and series nobody needs. */
const shownFeatures = 5;

const entityKey = (profile: string, entity: string): string => `${profile}\n${entity}`;

export function createBoard(options: { profiles: ReadonlyMap<string, Profile>; freshMs: number }): Board {
  const rows = new Map<string, BoardRow>();
  let restored = false;
  const unitOf = (profile: string, feature: string): Unit =>
    options.profiles.get(profile)?.features.find((each) => each.name === feature)?.unit ?? 'count';

  return {
    get restored() {
      return restored;
    },
    restore(saved) {
      for (const row of saved) rows.set(entityKey(row.profile, row.entity), row);
      restored = true;
    },
    put(changed) {
      for (const row of changed) rows.set(entityKey(row.profile, row.entity), row);
    },
    get: (profile, entity) => rows.get(entityKey(profile, entity)) ?? null,
    rows: () => [...rows.values()],
    remove(profile, entity) {
      rows.delete(entityKey(profile, entity));
    },
    exposition(nowMs) {
      const fresh = [...rows.values()].filter((row) => nowMs - row.tsMs <= options.freshMs && row.tsMs - nowMs <= options.freshMs);
      // Written once per entity: of thousands, the labels are most of the work.
      const shown = fresh.map((row) => ({
        row,
        labels: labelText({ profile: row.profile, job: row.job, instance: row.instance, entity: row.entity }),
      }));
      const scored = shown.filter(({ row }) => row.score !== null);
      const judged = scored.filter(({ row }) => row.threshold !== null);
      const above = judged.filter(({ row }) => (row.score as number) >= (row.threshold as number));
      const shares = above.flatMap(({ row, labels }) =>
        row.shares.slice(0, shownFeatures).map((share) => ({
          share,
          labels: `${labels},${labelText({ feature: share.feature, unit: unitOf(row.profile, share.feature) })}`,
        })),
      );
      return [
        family('vigia_anomaly_score', 'gauge', 'Anomaly score in [0, 1]; high means anomalous.', scored, ({ row, labels }) => [
          labels,
          row.score as number,
        ]),
        family('vigia_anomaly_threshold', 'gauge', 'Score from which an entity counts as anomalous.', judged, ({ row, labels }) => [
          labels,
          row.threshold as number,
        ]),
        family(
          'vigia_anomaly_contribution',
          'gauge',
          'Share of a feature in the score, for entities at or above threshold.',
          shares,
          ({ labels, share }) => [labels, share.share],
        ),
        family(
          'vigia_anomaly_value',
          'gauge',
          'Value of a feature that carries the score.',
          shares.filter(({ share }) => share.value !== null),
          ({ labels, share }) => [labels, share.value as number],
        ),
        family('vigia_anomaly_expected_low', 'gauge', 'Lower end of what is expected of that feature.', shares, ({ labels, share }) => [
          labels,
          share.expectedLow,
        ]),
        family('vigia_anomaly_expected_high', 'gauge', 'Upper end of what is expected of that feature.', shares, ({ labels, share }) => [
          labels,
          share.expectedHigh,
        ]),
        family(
          'vigia_learning',
          'gauge',
          '1 while Vigía has no opinion about an entity yet.',
          shown.filter(({ row }) => row.score === null && row.modelVersion === null),
          ({ labels }) => [labels, 1],
        ),
        family('vigia_anomaly_timestamp_seconds', 'gauge', 'Time of the newest scored step.', scored, ({ row, labels }) => [
          labels,
          row.tsMs / 1000,
        ]),
      ].join('');
    },
  };
}

/** Labels as they stand in the braces of the Prometheus text format. */
export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`)
    .join(',');

/** One metric family in the Prometheus text format 0.0.4; labels that several families share may come as `labelText` wrote them. */
export function family<T>(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  items: readonly T[],
  sample: (item: T) => readonly [labels: Readonly<Record<string, string>> | string, value: number, atMs?: number | undefined],
): string {
  if (items.length === 0) return '';
  const lines = items.map((item) => {
    const [labels, value, atMs] = sample(item);
    const text = typeof labels === 'string' ? labels : labelText(labels);
    return `${name}${text === '' ? '' : `{${text}}`} ${number(value)}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
