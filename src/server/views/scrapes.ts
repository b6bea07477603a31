import type { PrometheusClient } from '../../clients/prometheus.ts';
import { constant } from '../promql.ts';

type Asked = Pick<PrometheusClient, 'query' | 'targets'>;

/** The list of all scrapes is long, and what it says changes with the next scrape only. */
const keptMs = 5_000;

const asking = new WeakMap<Asked, Promise<ReadonlyMap<string, number>>>();
const lists = new WeakMap<Asked, { atMs: number; errors: Promise<ReadonlyMap<string, string>> }>();

/**
 * `up` by target; of one with two endpoints, as a kubelet has, the one that does not answer counts. Whoever asks while somebody
 * else does gets the same answer: after each event all open pages ask at once. @throws VigiaError `far-…`.
 */
export function upOf(prometheus: Asked): Promise<ReadonlyMap<string, number>> {
  const before = asking.get(prometheus);
  if (before !== undefined) return before;
  const answer = ask(prometheus, 'up{target!=""}').finally(() => asking.delete(prometheus));
  asking.set(prometheus, answer);
  return answer;
}

/** The same of one target. @throws VigiaError `far-…`. */
export const upOfOne = (prometheus: Asked, id: string): Promise<ReadonlyMap<string, number>> =>
  ask(prometheus, `up{target=${constant(id)}}`);

async function ask(prometheus: Asked, selector: string): Promise<ReadonlyMap<string, number>> {
  const up = new Map<string, number>();
  for (const { labels, value } of await prometheus.query(`min by (target) (${selector})`)) {
    const target = labels['target'] ?? '';
    up.set(target, Math.min(value, up.get(target) ?? 1));
  }
  return up;
}

/** Prometheus's words about the failed scrapes of these targets; the list is asked for again when one of them is not in it yet. */
export async function scrapeErrors(prometheus: Asked, down: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (down.length === 0) return new Map();
  const kept = lists.get(prometheus);
  if (kept !== undefined && performance.now() - kept.atMs < keptMs) {
    const errors = await kept.errors;
    if (down.every((target) => errors.has(target))) return errors;
  }
  const errors = failed(prometheus);
  lists.set(prometheus, { atMs: performance.now(), errors });
  errors.catch(() => lists.delete(prometheus));
  return errors;
}

async function failed(prometheus: Asked): Promise<ReadonlyMap<string, string>> {
  const scrapes = await prometheus.targets();
  return new Map(scrapes.filter(({ health }) => health === 'down').map(({ labels, lastError }) => [labels['target'] ?? '', lastError]));
}
