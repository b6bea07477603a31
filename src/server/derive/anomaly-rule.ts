import type { Profile } from '../../model/profile.ts';
import { incidentUrl, literal, type RuleInput, type RuleSpec } from './rule-spec.ts';
import { constant } from '../promql.ts';

/** Features with a smaller share are left out of the message, but for the first. */
const SMALLEST_SHARE = 0.1;
const NAMED_FEATURES = 3;

/**
 * `VigiaAnomaly` of one profile: the score is at or above the threshold in two scored steps in a row. A step is a scrape
 * interval, so `for` is one of them. The alert's labels are profile, job, instance and entity and nothing that changes;
 * the features that carry the score are asked for when the annotations are written.
 */
export function anomalyRule(profile: Profile, input: RuleInput): RuleSpec {
  const of = `{profile=${constant(profile.slug)}}`;
  const defined = definitions(profile);
  const headline = `${profile.kind} {{ $labels.entity }} behaves abnormally`;
  return {
    name: 'VigiaAnomaly',
    severity: 'warning',
    category: 'anomaly',
    profile: profile.slug,
    entity: null,
    title: 'The anomaly score is at or above the threshold',
    expr: `vigia_anomaly_score${of} >= on(profile, job, instance, entity) vigia_anomaly_threshold${of}`,
    forMs: input.scrapeIntervalMs,
    keepFiringForMs: input.keepFiringMs,
    // The profile is among the alert's labels anyway; said here, it keeps the rules of two profiles apart.
    labels: { severity: 'warning', category: 'anomaly', profile: profile.slug },
    annotations: {
      title: headline,
      summary: `${defined}{{ $labels.entity }} behaves abnormally{{ with ${TOP} }}: ${listed(', ')}{{ end }}`,
      details: `${defined}{{ with ${TOP} }}${listed('\n')}{{ end }}`,
      url: incidentUrl(input.publicUrl, '{{ $labels.entity | urlquery }}', '{{ $labels.profile | urlquery }}'),
    },
  };
}

const CONTRIBUTION = 'vigia_anomaly_contribution{profile=%[1]q,entity=%[2]q}';

/** The features that carry the score, largest share first. `%q` quotes for PromQL whatever the labels hold. */
const TOP = `query (printf ${constant(
  `sort_desc(topk(${NAMED_FEATURES}, ${CONTRIBUTION} >= ${SMALLEST_SHARE}) or topk(1, ${CONTRIBUTION}))`,
)} $labels.profile $labels.entity)`;

const listed = (separator: string): string =>
  `{{ range $index, $feature := . }}{{ if $index }}${separator}{{ end }}{{ template "feature" $feature }}{{ end }}`;

/** Templates for "CPU busy 97 % (expected 2 % to 15 %)": a feature's title, an amount in its unit, and the whole. */
function definitions(profile: Profile): string {
  const titles = profile.features.map(({ name, title }) => `if eq . ${constant(name)} }}${literal(title.en)}{{ else `).join('');
  const amount = (metric: string): string => `{{ template "amount" (args .Labels.unit (printf "${metric}%s" $series)) }}`;
  return [
    `{{ define "title" }}{{ ${titles}if true }}{{ . }}{{ end }}{{ end }}`,
    `{{ define "amount" }}{{ $unit := .arg0 }}`,
    `{{ if eq $unit "ratio" }}{{ with query (printf "round(100 * %s)" .arg1) }}{{ . | first | value | printf "%.0f %%" }}{{ else }}unknown{{ end }}`,
    `{{ else }}{{ with query .arg1 }}{{ $value := . | first | value }}`,
    ...Object.entries(amounts).map(([unit, text], index) => `{{ ${index === 0 ? '' : 'else '}if eq $unit "${unit}" }}${text}`),
    `{{ else }}{{ humanize $value }}{{ end }}{{ else }}unknown{{ end }}{{ end }}{{ end }}`,
    `{{ define "feature" }}{{ $series := printf "{profile=%q,entity=%q,feature=%q}" .Labels.profile .Labels.entity .Labels.feature }}`,
    `{{ template "title" .Labels.feature }} ${amount('vigia_anomaly_value')}`,
    ` (expected ${amount('vigia_anomaly_expected_low')} to ${amount('vigia_anomaly_expected_high')}){{ end }}`,
  ].join('');
}

/** How an amount of each unit is written; ratios become percent above, and counts are plain. */
const amounts: Readonly<Record<string, string>> = {
  bytes: '{{ humanize1024 $value }}B',
  bytes_per_second: '{{ humanize1024 $value }}B/s',
  seconds: '{{ humanizeDuration $value }}',
  per_second: '{{ humanize $value }}/s',
  watts: '{{ humanize $value }}W',
  amperes: '{{ humanize $value }}A',
  celsius: '{{ printf "%.1f" $value }} °C',
};
