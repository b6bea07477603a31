import { formatDuration } from '../../model/time.ts';
import { literal, type RuleInput, type RuleSpec } from './rule-spec.ts';

/** Watchdogs over Vigía itself. They live in Prometheus, so they outlive what they watch. */
export function selfRules(input: RuleInput): RuleSpec[] {
  const idle = formatDuration(idleMs(input.scrapeIntervalMs));
  const url = literal(input.publicUrl.replace(/\/+$/, ''));
  return [
    watchdog('VigiaDown', 'critical', {
      title: 'Vigía does not answer Prometheus for 2 minutes',
      expr: 'up{job="vigia"} == 0 or absent(up{job="vigia"})',
      forMs: 120_000,
      headline: 'Vigía does not answer',
      details: 'Nothing is scored until it does. Threshold rules still work.',
      url,
    }),
    watchdog('VigiaScoresOld', 'warning', {
      title: `Vigía has not scored for ${idle}`,
      expr: `increase(vigia_ticks_total{job="vigia"}[${idle}]) == 0`,
      forMs: 60_000,
      headline: 'Vigía has stopped scoring',
      details: `It answers, but has finished no round of scoring for ${idle}. Threshold rules still work.`,
      url,
    }),
    ...(input.archive === true ? [archiveRule(url)] : []),
  ];
}

/** Prometheus holds what the archive lacks for as long as it keeps samples: an hour is early enough. */
function archiveRule(url: string): RuleSpec {
  return watchdog('VigiaArchiveFailing', 'warning', {
    title: 'The archive has failed for an hour',
    expr: 'max(vigia_archive_failing{job="vigia"}) == 1',
    forMs: 3_600_000,
    headline: 'The archive takes nothing',
    details:
      'For an hour every try to write into InfluxDB has failed. Nothing is lost while Prometheus holds the samples; Settings, Archive says why.',
    url,
  });
}

/** A round of scoring comes with each scrape; the first models of many hosts may hold it up for a while. */
const idleMs = (scrapeIntervalMs: number): number => Math.max(300_000, 8 * scrapeIntervalMs);

interface Text {
  readonly title: string;
  readonly expr: string;
  readonly forMs: number;
  readonly headline: string;
  readonly details: string;
  readonly url: string;
}

function watchdog(name: string, severity: 'critical' | 'warning', text: Text): RuleSpec {
  return {
    name,
    severity,
    category: 'availability',
    profile: 'vigia',
    entity: 'vigia',
    title: text.title,
    expr: text.expr,
    forMs: text.forMs,
    keepFiringForMs: 0,
    labels: { severity, category: 'availability', entity: 'vigia', profile: 'vigia', instance: 'vigia', job: 'vigia' },
    annotations: { title: text.headline, summary: `${text.headline}. ${text.details}`, details: text.details, url: text.url },
  };
}
