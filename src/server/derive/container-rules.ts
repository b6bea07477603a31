import type { Profile } from '../../model/profile.ts';
import type { Target } from '../../model/target.ts';
import { bind } from '../profiles.ts';
import { constant } from '../promql.ts';
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

const MINUTE = 60_000;
/** What a container's alert is about: it stays the same when the container is made anew. */
const BY = ['target', 'profile', 'job', 'instance', 'name'] as const;
/** How long a kill, or restarts that follow each other, are news. */
const NEWS = '5m';
const RESTARTS = 3;

/** Names of the alerts after which the other alerts of the same container or engine say nothing new. */
export const containerDownNames: readonly string[] = ['ContainerDown', 'EngineDown', 'EngineMissing'];

/** Rules of containers and of what brings them: P30, P31, P32, and what an engine alone can say. */
export function containerRules(profile: Profile, targets: readonly Target[], input: RuleInput): RuleSpec[] {
  const engines = targets.filter((target) => target.enabled && target.profile === profile.slug);
  if (engines.length === 0) return [];
  const of = (metric: string): string => `${metric}{${profile.selector},name!=""}`;
  const most = (metric: string): string => `max by (${BY.join(', ')}) (${of(metric)})`;
  const within = (fn: string, metric: string): string => `max by (${BY.join(', ')}) (${fn}(${of(metric)}[${NEWS}]))`;
  /** The PromQL of a feature, for a rule; none where the profile has no such feature. */
  const feature = (name: string, made: (expr: string) => RuleSpec): RuleSpec[] => {
    const known = profile.features.find((each) => each.name === name);
    const { scrapeIntervalMs } = input;
    // A minute's mean: one slow reading between two quick scrapes is no pause.
    const rateMs = Math.max(MINUTE, rateWindowMs(scrapeIntervalMs));
    const binding = { selector: profile.selector, by: BY, rateMs, stepMs: scrapeIntervalMs };
    return known === undefined ? [] : [made(bind(known.expr, binding))];
  };
  const rule = (name: string, severity: RuleSpec['severity'], category: Category, text: RuleText): RuleSpec =>
    spec(input, profile, name, severity, category, text, 'container');
  /** A figure for a sentence, asked for when the annotation is written. */
  const figure = (metric: string, format: string): string =>
    `{{ with query (printf ${constant(`max(${metric}{target=%q,name=%q})`)} $labels.target $labels.name) }}{{ . | first | value | ${format} }}{{ else }}unknown{{ end }}`;

  const limit = `${most('container_spec_cpu_quota')} / ${most('container_spec_cpu_period')} > 0`;
  const fromCadvisor = [
    ...feature('memory_of_limit', (share) =>
      rule('ContainerMemoryHigh', 'warning', 'memory', {
        title: 'Memory is above 75 % of its limit for 1 minute',
        expr: `100 * (${share}) > 75`,
        forMs: MINUTE,
        headline: 'Container {{ $labels.name }} uses much of its memory',
        details: 'It uses {{ printf "%.0f" $value }} % of its limit. At 100 % the kernel kills it.',
      }),
    ),
    ...feature('cpu', (cores) =>
      rule('ContainerCpuHigh', 'warning', 'cpu', {
        title: 'CPU is above 80 % of its limit, or of one core where it has none, for 1 minute',
        expr: `100 * (${cores}) / ((${limit}) or 0 * (${cores}) + 1) > 80`,
        forMs: MINUTE,
        headline: 'Container {{ $labels.name }} uses much CPU',
        details: 'It uses {{ printf "%.0f" $value }} % of what it may, or of one core where it has no limit.',
      }),
    ),
  ];
  const fromEngine = [
    rule('ContainerDown', 'critical', 'availability', {
      title: 'It should run and does not for 1 minute',
      expr: `${most('container_running')} == 0`,
      forMs: MINUTE,
      headline: 'Container {{ $labels.name }} is down',
      details: `It does not run; its last exit code was ${figure('container_exit_code', 'printf "%.0f"')}.`,
    }),
    rule('ContainerStopped', 'warning', 'availability', {
      title: 'It has stopped',
      // One that is about to be started again has a rule of its own.
      expr: `${most('container_running')} == 0 unless ${most('container_restarting')} == 1`,
      forMs: 0,
      headline: 'Container {{ $labels.name }} has stopped',
      details: `Its exit code was ${figure('container_exit_code', 'printf "%.0f"')}.`,
    }),
    rule('ContainerOomKilled', 'critical', 'memory', {
      title: 'It was killed because its memory was used up',
      expr: `(${most('container_oom_killed')} == 1 and ${most('container_running')} == 0) or ${within('increase', 'container_oom_events_total')} > 0`,
      forMs: 0,
      headline: 'Container {{ $labels.name }} was killed for want of memory',
      details: `Its limit is ${figure('container_spec_memory_limit_bytes', 'humanize1024')}B.`,
    }),
    rule('ContainerRestartLoop', 'critical', 'availability', {
      title: `It was started again ${RESTARTS} times within ${NEWS}`,
      expr: `${within('increase', 'container_restarts_total')} >= ${RESTARTS} or (${most('container_restarting')} == 1 and ${most('container_restarts_total')} >= ${RESTARTS})`,
      forMs: 0,
      headline: 'Container {{ $labels.name }} ends again and again',
      details: `The engine has started it again ${figure('container_restarts_total', 'printf "%.0f"')} times; its last exit code was ${figure('container_exit_code', 'printf "%.0f"')}.`,
    }),
    rule('ContainerUnhealthy', 'warning', 'availability', {
      title: 'Its health check fails',
      expr: `${most('container_unhealthy')} == 1`,
      forMs: 0,
      headline: 'Container {{ $labels.name }} is unhealthy',
      details: 'It runs, but its own health check fails.',
    }),
  ];
  return [
    engineDown(profile, input),
    ...engines.map((target) => engineMissing(profile, target, input)),
    ...fromCadvisor,
    ...(engines.some(({ managedBy }) => managedBy === 'docker') ? fromEngine : []),
  ];
}

function engineDown(profile: Profile, input: RuleInput): RuleSpec {
  const text: RuleText = {
    title: 'The engine, or its cAdvisor, does not answer for 1 minute',
    expr: `up{profile=${constant(profile.slug)}} == 0`,
    forMs: MINUTE,
    headline: 'Container engine {{ $labels.target }} does not answer',
    details: 'Nothing is known of its containers. The page Containers says why.',
  };
  return spec(input, profile, 'EngineDown', 'critical', 'availability', text, 'target');
}

/** One rule each, as only a rule with the name in it can miss something. */
function engineMissing(profile: Profile, target: Target, input: RuleInput): RuleSpec {
  const labels = { target: target.id, profile: profile.slug, job: profile.slug, instance: instanceOf(target) };
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${constant(value)}`);
  const text: RuleText = {
    title: 'Prometheus has not scraped it for 1 minute',
    expr: `absent(up{${matchers.join(', ')}})`,
    forMs: MINUTE,
    headline: 'Container engine {{ $labels.target }} is not watched',
    details: 'It is in the inventory, but Prometheus does not scrape it.',
  };
  const made = spec(input, profile, 'EngineMissing', 'critical', 'availability', text, 'target');
  return { ...made, entity: target.id, labels: { ...made.labels, entity: literal(target.id) } };
}

const entities = {
  container: {
    entity: '{{ $labels.target }}/{{ $labels.name }}',
    query: '{{ printf "%s/%s" $labels.target $labels.name | urlquery }}',
  },
  target: { entity: '{{ $labels.target }}', query: '{{ $labels.target | urlquery }}' },
} as const;

const spec = (
  input: RuleInput,
  { slug: profile }: Profile,
  name: string,
  severity: RuleSpec['severity'],
  category: Category,
  text: RuleText,
  of: keyof typeof entities,
): RuleSpec => thresholdRule(input, { name, severity, category, profile }, entities[of], text);
