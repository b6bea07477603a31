import { type Document, isNode, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { reasonOf } from '../../model/errors.ts';
import { labelsSchema } from '../../model/target.ts';
import { addressProblem, type Named } from './named.ts';

/** What a file of targets names, or the first thing that is wrong with it. */
export type TargetFile =
  | { readonly named: readonly Named[]; readonly problem: null }
  | { readonly named: null; readonly problem: { readonly line: number; readonly reason: string } };

/** What holds for groups that do not say otherwise. */
export interface GroupDefaults {
  readonly profile: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** "Nothing" in its spellings is the absence of a key, as for Prometheus. */
const orNothing = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' || value === 'null' || value === '~' ? undefined : value), schema.optional()).optional();

const groupsSchema = z.array(
  z.strictObject(
    {
      targets: orNothing(z.array(z.string({ error: 'HOST:PORT' }), { error: 'a list of HOST:PORT' })),
      labels: orNothing(z.record(z.string(), z.string({ error: 'a text' }), { error: 'names with their values' })),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'a group, with "targets" and "labels"' : undefined) },
  ),
  { error: 'a list of groups, each with "targets" and "labels"' },
);

/** Labels by which Prometheus's own discoveries and relabelling speak to themselves: they never come to a series. */
const passing = /^__(meta|tmp)/;
const path = /^\/[^\s?#]*$/;

class Problem extends Error {
  readonly at: readonly PropertyKey[];

  constructor(at: readonly PropertyKey[], reason: string) {
    super(reason);
    this.at = at;
  }
}

/**
 * Reads the format of Prometheus's `file_sd`, JSON or YAML: a list of groups, each with `targets` and `labels`. `profile`, `instance` (its
 * name), `__scheme__` and `__metrics_path__` are understood, `job` is Vigía's own, other labels go to the series. A target may also be a URL.
 * @param profiles those there are.
 */
export function parseTargetFile(
  text: string,
  options: { readonly json: boolean; readonly defaults: GroupDefaults; readonly profiles: ReadonlySet<string> },
): TargetFile {
  const lines = new LineCounter();
  // Every scalar is a text, as in Prometheus: 1.10 stays "1.10".
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'failsafe', merge: true, uniqueKeys: true });
  const wrong = (line: number, reason: string): TargetFile => ({ named: null, problem: { line, reason } });
  // Somebody may be writing it at this moment; who wants no targets says so.
  if (text.trim() === '') return wrong(1, 'it is empty; "[]" would say that there are no targets');
  if (options.json) {
    const problem = jsonProblem(text);
    if (problem !== null) return wrong(problem.line, problem.reason);
  }
  const [error] = document.errors;
  if (error !== undefined) return wrong(lines.linePos(error.pos[0]).line, (error.message.split('\n')[0] ?? '').replace(/[.:]$/, ''));
  try {
    const groups = groupsSchema.safeParse(document.toJS({ maxAliasCount: 1000 }));
    if (!groups.success) {
      const [issue] = groups.error.issues;
      throw new Problem(issue?.path ?? [], issue === undefined ? '' : sentenceOf(issue));
    }
    const named = groups.data.flatMap((group, at) => namedBy(group, at, options.defaults, options.profiles));
    return { named, problem: null };
  } catch (thrown) {
    return wrong(thrown instanceof Problem ? lineOf(document, lines, thrown.at) : 1, reasonOf(thrown));
  }
}

function namedBy(group: z.infer<typeof groupsSchema>[number], at: number, defaults: GroupDefaults, profiles: ReadonlySet<string>): Named[] {
  const { targets = [], labels: said = {} } = group;
  const { profile = defaults.profile, instance, job: _, __scheme__: scheme = 'http', __metrics_path__: metricsPath, ...rest } = said;
  const label = (name: string, reason: string) => new Problem([at, 'labels', name], reason);
  if (!profiles.has(profile)) throw label('profile', `there is no profile "${profile}"; there are ${[...profiles].join(', ')}`);
  if (scheme !== 'http' && scheme !== 'https') throw label('__scheme__', `"${scheme}" is neither http nor https`);
  if (metricsPath !== undefined && !path.test(metricsPath)) throw label('__metrics_path__', `"${metricsPath}" is no path, like /metrics`);
  const labels = { ...defaults.labels, ...Object.fromEntries(Object.entries(rest).filter(([name]) => !passing.test(name))) };
  const unknown = Object.keys(labels).find((name) => name.startsWith('__'));
  if (unknown !== undefined)
    throw label(unknown, `"${unknown}" is not understood here; of such labels only __scheme__ and __metrics_path__ are`);
  const checked = labelsSchema.safeParse(labels);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const name = String(issue?.path[0] ?? Object.keys(labels).find((each) => issue?.message.startsWith(`"${each}"`) === true) ?? '');
    throw label(name, issue?.path[0] === undefined ? (issue?.message ?? '') : `the value of "${name}" is longer than 128 characters`);
  }
  return targets.map((target, nth) => {
    const found = placeOf(target, scheme, metricsPath ?? '/metrics');
    const problem = addressProblem(found.address);
    if (problem !== null) throw new Problem([at, 'targets', nth], `"${target.slice(0, 100)}" is no target: ${problem}`);
    return { ...found, profile, labels, name: targets.length === 1 && instance !== undefined ? instance.slice(0, 64) : null };
  });
}

/** HOST:PORT, or a URL that says all of it. */
function placeOf(target: string, scheme: 'http' | 'https', metricsPath: string): Pick<Named, 'address' | 'scheme' | 'metricsPath'> {
  const url = /^https?:\/\//.test(target) ? URL.parse(target) : null;
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return { address: target, scheme, metricsPath };
  const asked = url.protocol === 'https:' ? 'https' : 'http';
  return { address: `${url.hostname}:${url.port || (asked === 'https' ? 443 : 80)}`, scheme: asked, metricsPath: url.pathname };
}

/** What the grammar of JSON refuses and YAML would take. */
function jsonProblem(text: string): { line: number; reason: string } | null {
  const message = jsonRefusal(text);
  if (message === null) return null;
  // V8 does not always say where: it is where the longest beginning ends that could still become JSON.
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (couldGoOn(text.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  const before = text.slice(0, Math.min(low, text.trimEnd().length));
  return { line: before.split('\n').length, reason: `no JSON: ${message.replace(/,? in JSON at position.*$|, (\.\.\.)?".*$/s, '')}` };
}

function jsonRefusal(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

function couldGoOn(beginning: string): boolean {
  const message = jsonRefusal(beginning);
  const [, at] = /at position (\d+)/.exec(message ?? '') ?? [];
  return at === undefined ? message === null || !message.startsWith('Unexpected token') : Number(at) === beginning.length;
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `"${issue.keys[0]}" is no key of a group; it has "targets" and "labels"`;
  const at = issue.path.filter((part) => typeof part === 'string').join('.');
  return `${at === '' ? '' : `${at}: `}${issue.message} is expected`;
}

/** The line of what a path leads to, or of the nearest thing around it that is there. */
function lineOf(document: Document, lines: LineCounter, at: readonly PropertyKey[]): number {
  for (let length = at.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(at.slice(0, length), true);
    const start = isNode(node) ? (node as Node).range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}
