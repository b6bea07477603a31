import type { ArchiveState } from '../../model/archive.ts';
import { family } from '../board.ts';

/** How far the archive is, for Prometheus. */
export function archiveMetrics({ rules }: ArchiveState): string {
  const begun = rules.filter((rule) => rule.untilMs !== null);
  const plain = (name: string, type: 'gauge' | 'counter', help: string, value: (rule: (typeof rules)[number]) => number) =>
    family(name, type, help, begun, (rule) => [{ rule: rule.name }, value(rule)]);
  return [
    plain(
      'vigia_archive_lag_seconds',
      'gauge',
      'Age of the newest time that is wholly in the archive.',
      (rule) => (rule.lagMs ?? 0) / 1000,
    ),
    plain('vigia_archive_points_total', 'counter', 'Points written into the archive.', (rule) => rule.points),
    plain('vigia_archive_refused_points_total', 'counter', 'Points that InfluxDB refused for good.', (rule) => rule.refused),
    plain('vigia_archive_not_finite_samples_total', 'counter', 'NaN and infinities, which InfluxDB cannot hold.', (rule) => rule.notFinite),
    family(
      'vigia_archive_left_out_samples_total',
      'counter',
      'Samples that are counted and not written, by kind: nan, infinite, stale (the end of a series).',
      begun.flatMap((rule) =>
        (
          [
            ['nan', rule.notFinite - rule.infinite],
            ['infinite', rule.infinite],
            ['stale', rule.stale],
          ] as const
        ).flatMap(([kind, count]) => (count === null ? [] : [{ rule: rule.name, kind, count }])),
      ),
      ({ rule, kind, count }) => [{ rule, kind }, count],
    ),
    plain('vigia_archive_failing', 'gauge', '1 while the last try of a rule failed.', (rule) => (rule.error === '' ? 0 : 1)),
  ].join('');
}
