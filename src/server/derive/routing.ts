import type { Severity } from '../../model/incident.ts';
import type { Receiver } from '../../model/receiver.ts';
import type { Category } from './rule-spec.ts';

/** A route of Alertmanager, as far as Vigía uses it. */
export interface Route {
  readonly receiver: string;
  readonly matchers: readonly string[];
  readonly continue: boolean;
  readonly [setting: string]: unknown;
}

/** An alert with this label goes to the receiver it names, and nowhere else, at once: "send test". */
export const TEST_LABEL = 'vigia_test';

/** What Alertmanager calls a receiver. */
export const receiverName = (receiver: Receiver): string => `${receiver.kind}/${receiver.name}`;

const categories: readonly Category[] = ['anomaly', 'availability', 'cpu', 'memory', 'disk', 'network', 'other'];

/** P33: who gets what is not critical. Criticals go to all of them, and webhooks get everything. */
const owner = (category: Category): Receiver['kind'] => (category === 'cpu' ? 'telegram' : category === 'network' ? 'discord' : 'email');

/**
 * Routes to people, one or two per receiver: criticals, and the rest by category. A receiver that names severities or
 * categories gets those; one that names none shares the work by P33. What nobody would get, each of those gets.
 */
export function routesOf(receivers: readonly Receiver[]): Route[] {
  const enabled = receivers.filter((receiver) => receiver.enabled);
  const sharing = enabled.filter((receiver) => receiver.kind !== 'webhook' && isDefault(receiver));
  const people = enabled.filter((receiver) => receiver.kind !== 'webhook' && wants(receiver, 'warning'));
  const uncovered = categories.filter((category) => !people.some((receiver) => takes(receiver, category)));
  return enabled.flatMap((receiver) => {
    const name = receiverName(receiver);
    const added = sharing.includes(receiver) ? uncovered : [];
    const wanted = categories.filter((category) => takes(receiver, category) || added.includes(category));
    const routes: Route[] = [];
    if (wants(receiver, 'critical')) {
      routes.push({ receiver: name, matchers: ['severity="critical"'], continue: true });
    }
    const rest = receiver.severities.filter((severity) => severity !== 'critical');
    if (wanted.length > 0 && (receiver.severities.length === 0 || rest.length > 0)) {
      const severity = rest.length === 0 ? 'severity!="critical"' : `severity=~"${rest.join('|')}"`;
      routes.push({ receiver: name, matchers: [severity, ...categoryMatcher(wanted)], continue: true });
    }
    return routes;
  });
}

const isDefault = (receiver: Receiver): boolean => receiver.severities.length === 0 && receiver.categories.length === 0;

const wants = (receiver: Receiver, severity: Severity): boolean =>
  receiver.severities.length === 0 || receiver.severities.includes(severity);

/** Whether a receiver gets what is not critical of a category. */
function takes(receiver: Receiver, category: Category): boolean {
  if (receiver.categories.length > 0) return receiver.categories.includes(category);
  return receiver.kind === 'webhook' || receiver.severities.length > 0 || owner(category) === receiver.kind;
}

/** Who gets `other` also gets what has a category that Vigía does not know, or none. */
function categoryMatcher(wanted: readonly Category[]): string[] {
  if (wanted.length === categories.length) return [];
  if (!wanted.includes('other')) return [`category=~"${wanted.join('|')}"`];
  return [`category!~"${categories.filter((category) => !wanted.includes(category)).join('|')}"`];
}
