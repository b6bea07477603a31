import type { Profile } from '../../model/profile.ts';
import type { Target } from '../../model/target.ts';
import { bind } from '../profiles.ts';
import { containerDownNames, containerRules } from './container-rules.ts';
import {
  type Category,
  instanceOf,
  literal,
  rateWindowMs,
  type RuleInput,
  type RuleSpec,
  type RuleText,
  thresholdRule,
} from './rule-spec.ts';
import { anyOf, constant } from '../promql.ts';

/** Labels that every threshold alert carries over from its series. */
const IDENTITY = ['target', 'profile', 'job', 'instance'] as const;
const MINUTE = 60_000;

/** Threshold rules of one profile, from its targets: down, missing, unlike the rest of the group, disk almost full. */
export function targetRules(profile: Profile, targets: readonly Target[], input: RuleInput): RuleSpec[] {
  const own = targets.filter((target) => target.enabled && target.profile === profile.slug);
  if (profile.slug === 'container') return containerRules(profile, own, input);
  if (own.length === 0 || profile.kind === 'container') return [];
  return [
    down(profile, input),
    ...own.map((target) => missing(profile, target, input)),
    ...differences(profile, own, input),
    ...diskAlmostFull(profile, input),
    ...unavailable(profile, input),
    ...certificateExpires(profile, input),
  ];
}

const words = { host: 'Host', device: 'Device', service: 'Service', container: 'Container' } as const;
const downName = (profile: Profile): string => `${words[profile.kind]}Down`;
const missingName = (profile: Profile): string => `${words[profile.kind]}Missing`;
const unavailableName = (profile: Profile): string => `${words[profile.kind]}Unavailable`;

/** Names of the alerts after which an entity's other alerts say nothing new. */
export const downNames: readonly string[] = [
  'HostDown',
  'DeviceDown',
  'ServiceDown',
  'HostMissing',
  'DeviceMissing',
  'ServiceMissing',
  'ServiceUnavailable',
  ...containerDownNames,
];

/** P29: the exporter does not answer. */
function down(profile: Profile, input: RuleInput): RuleSpec {
  return rule(input, profile, downName(profile), 'critical', 'availability', {
    title: 'The exporter does not answer for 1 minute',
    expr: `up{profile=${constant(profile.slug)}} == 0`,
    forMs: MINUTE,
    headline: `${profile.kind} {{ $labels.target }} is down`,
    details: 'Its exporter at {{ $labels.instance }} does not answer.',
  });
}

/** P29: nobody even tries to scrape it. One rule each, as only a rule with the name in it can miss something. */
function missing(profile: Profile, target: Target, input: RuleInput): RuleSpec {
  const labels = { target: target.id, profile: profile.slug, job: profile.slug, instance: instanceOf(target) };
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${constant(value)}`);
  const spec = rule(input, profile, missingName(profile), 'critical', 'availability', {
    title: 'Prometheus has not scraped it for 1 minute',
    expr: `absent(up{${matchers.join(', ')}})`,
    forMs: MINUTE,
    headline: `${profile.kind} {{ $labels.target }} is not watched`,
    details: 'It is in the inventory, but Prometheus does not scrape it.',
  });
  // The entity is spelled out: rules of one name must differ in their labels.
  return { ...spec, entity: target.id, labels: { ...spec.labels, entity: literal(target.id) } };
}

/**
 * P28: a pair of a peer group differs by more than 20 points exactly when one member lies that far above the lowest, so
 * the rule fires for each such member: its alert names a host, and does not change while the highest of them changes.
 */
function differences(profile: Profile, targets: readonly Target[], input: RuleInput): RuleSpec[] {
  const members = new Map<string, number>();
  for (const { labels } of targets) {
    const group = labels['group'] ?? '';
    if (group !== '') members.set(group, (members.get(group) ?? 0) + 1);
  }
  const groups = [...members.keys()].filter((group) => (members.get(group) ?? 0) > 1).sort();
  if (groups.length === 0) return [];
  return (['cpu', 'memory'] as const).flatMap((feature) => {
    const used = featureExpr(profile, feature, input, [...IDENTITY, 'group'], anyOf('group', groups));
    if (used === null) return [];
    const what = feature === 'cpu' ? 'CPU' : 'Memory';
    return rule(input, profile, feature === 'cpu' ? 'CpuDifference' : 'MemoryDifference', 'critical', feature, {
      title: `${what} use inside a group differs by more than 20 points`,
      expr: `100 * ((${used}) - on(profile, group) group_left() min by (profile, group) (${used})) > 20`,
      forMs: MINUTE,
      headline: `${profile.kind} {{ $labels.target }} differs from its group`,
      details: `${what} use is {{ printf "%.0f" $value }} points above the lowest of the group {{ $labels.group }}.`,
    });
  });
}

function diskAlmostFull(profile: Profile, input: RuleInput): RuleSpec[] {
  const used = featureExpr(profile, 'disk_space', input, IDENTITY);
  if (used === null) return [];
  return [
    rule(input, profile, 'DiskAlmostFull', 'warning', 'disk', {
      title: 'A file system is more than 90 % full for 5 minutes',
      expr: `100 * (${used}) > 90`,
      forMs: 5 * MINUTE,
      headline: `${profile.kind} {{ $labels.target }} has a file system almost full`,
      details: 'The fullest file system is {{ printf "%.0f" $value }} % full.',
    }),
  ];
}

/** The exporter answers, but what it watches does not: a database, a web address. */
function unavailable(profile: Profile, input: RuleInput): RuleSpec[] {
  const available = featureExpr(profile, 'available', input, IDENTITY);
  if (available === null) return [];
  return [
    rule(input, profile, unavailableName(profile), 'critical', 'availability', {
      title: 'It does not answer its exporter for 1 minute',
      expr: `(${available}) == 0`,
      forMs: MINUTE,
      headline: `${profile.kind} {{ $labels.target }} does not answer`,
      details: 'Its exporter works, and says that {{ $labels.instance }} does not answer as it should.',
    }),
  ];
}

function certificateExpires(profile: Profile, input: RuleInput): RuleSpec[] {
  const left = featureExpr(profile, 'certificate_left', input, IDENTITY);
  if (left === null) return [];
  return [
    rule(input, profile, 'CertificateExpires', 'warning', 'other', {
      title: 'A certificate is valid for less than 14 days',
      expr: `(${left}) < ${14 * 86_400}`,
      forMs: 5 * MINUTE,
      headline: `${profile.kind} {{ $labels.target }} has a certificate about to expire`,
      details: 'It is valid for another {{ humanizeDuration $value }}.',
    }),
  ];
}

/** The PromQL of a profile's feature, kept apart by these labels; null where the profile has no such feature. */
function featureExpr(profile: Profile, name: string, input: RuleInput, by: readonly string[], matcher?: string): string | null {
  const feature = profile.features.find((each) => each.name === name);
  if (feature === undefined) return null;
  const selector = matcher === undefined ? profile.selector : `${profile.selector},${matcher}`;
  return bind(feature.expr, { selector, by, rateMs: rateWindowMs(input.scrapeIntervalMs), stepMs: input.scrapeIntervalMs });
}

const rule = (
  input: RuleInput,
  { slug: profile }: Profile,
  name: string,
  severity: RuleSpec['severity'],
  category: Category,
  text: RuleText,
): RuleSpec =>
  thresholdRule(
    input,
    { name, severity, category, profile },
    { entity: '{{ $labels.target }}', query: '{{ $labels.target | urlquery }}' },
    text,
  );
