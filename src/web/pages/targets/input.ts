import type { Target, TargetInput } from '../../../model/target.ts';

/** What of a target a person may change. */
export function inputOf({ name, profile, address, scheme, metricsPath, labels, enabled }: Target): TargetInput {
  return { name, profile, address, scheme, metricsPath, labels, enabled };
}

export const labelLines = (labels: TargetInput['labels']): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

/** Labels from lines of `name=value`; the number of the first line that is none. The server judges the names. */
export function parseLabels(text: string): { labels: TargetInput['labels']; badLine: number | null } {
  const labels: Record<string, string> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '') continue;
    const at = line.indexOf('=');
    if (at < 1) return { labels, badLine: index + 1 };
    labels[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { labels, badLine: null };
}
