import { formatDuration } from '../../model/time.ts';
import { anomalyRule } from './anomaly-rule.ts';
import { containerNameRules } from './container-names.ts';
import { kubernetesRules } from './kubernetes-rules.ts';
import { evaluationIntervalMs, type RuleInput, type RuleSpec } from './rule-spec.ts';
import { selfRules } from './self-rules.ts';
import { targetRules } from './target-rules.ts';
import { yamlText } from './yaml-text.ts';

export type { RuleInput, RuleSpec } from './rule-spec.ts';

/** The rule files that prometheus.yml names; each is always there, if only without groups. */
export const ruleFileNames = ['vigia-names.yml', 'vigia-anomaly.yml', 'vigia-targets.yml', 'vigia-self.yml'] as const;

/** Every alerting rule of the house. */
export function ruleSpecs(input: RuleInput): RuleSpec[] {
  return Object.values(rulesByFile(input)).flat();
}

/** Rule files by name, ready for any Prometheus from 2.42 on. */
export function ruleFiles(input: RuleInput): Record<string, string> {
  return {
    'vigia-names.yml': nameFile(input),
    ...Object.fromEntries(Object.entries(rulesByFile(input)).map(([name, specs]) => [name, ruleFile(name, specs, input)])),
  };
}

function rulesByFile(input: RuleInput): Record<Exclude<(typeof ruleFileNames)[number], 'vigia-names.yml'>, RuleSpec[]> {
  return {
    'vigia-anomaly.yml': input.profiles.map((profile) => anomalyRule(profile, input)),
    'vigia-targets.yml': input.profiles.flatMap((profile) => [
      ...targetRules(profile, input.targets, input),
      ...kubernetesRules(profile, input),
    ]),
    'vigia-self.yml': selfRules(input),
  };
}

/** One group: its rules are worked out in their order, and the others ask the first. */
function nameFile(input: RuleInput): string {
  const rules = containerNameRules(input);
  const interval = formatDuration(evaluationIntervalMs(input.scrapeIntervalMs));
  return yamlText({ groups: rules.length === 0 ? [] : [{ name: 'vigia-names', interval, rules }] });
}

function ruleFile(name: string, specs: readonly RuleSpec[], input: RuleInput): string {
  const profiles = [...new Set(specs.map((spec) => spec.profile))];
  const groups = profiles.map((profile) => ({
    name: `${name.replace(/\.yml$/, '')}-${profile}`,
    interval: formatDuration(evaluationIntervalMs(input.scrapeIntervalMs)),
    rules: specs
      .filter((spec) => spec.profile === profile)
      .map((rule) => ({
        alert: rule.name,
        expr: rule.expr,
        ...(rule.forMs > 0 ? { for: formatDuration(rule.forMs) } : {}),
        ...(rule.keepFiringForMs > 0 ? { keep_firing_for: formatDuration(rule.keepFiringForMs) } : {}),
        labels: rule.labels,
        annotations: rule.annotations,
      })),
  }));
  return yamlText({ groups });
}
