/** What can be typed next at the caret of a PromQL expression, and where the word that is being typed begins. */
export type Wanted =
  | { readonly kind: 'none' }
  | { readonly kind: 'metric'; readonly like: string; readonly from: number }
  | { readonly kind: 'label'; readonly metric: string | undefined; readonly like: string; readonly from: number }
  | { readonly kind: 'value'; readonly label: string; readonly metric: string | undefined; readonly like: string; readonly from: number };

const none: Wanted = { kind: 'none' };
/** Words whose brackets hold names of labels. */
const grouping = /^(by|without|on|ignoring|group_left|group_right)$/i;
const word = /[A-Za-z_:][A-Za-z0-9_:]*$/;

/** prometheus.io/docs/prometheus/latest/querying: functions, aggregations, and the words between them. */
export const functions: readonly string[] =
  `abs absent absent_over_time avg avg_over_time bottomk ceil changes clamp clamp_max clamp_min count count_over_time count_values day_of_month
  day_of_week days_in_month delta deriv exp floor group histogram_quantile holt_winters hour idelta increase irate label_join label_replace
  last_over_time ln log10 log2 max max_over_time min min_over_time minute month predict_linear present_over_time quantile quantile_over_time
  rate resets round scalar sgn sort sort_desc sqrt stddev stddev_over_time stdvar stdvar_over_time sum sum_over_time time timestamp topk
  vector year`.split(/\s+/);
const keywords = new Set(['and', 'bool', 'by', 'ignoring', 'offset', 'on', 'or', 'unless', 'without', 'group_left', 'group_right']);

interface Bracket {
  readonly kind: '{' | '(' | '[';
  readonly at: number;
  /** The word right before it. */
  readonly before: string;
}

/** Reads the expression up to the caret; text after it only tells of which metric labels are meant. */
export function wantedAt(text: string, caret: number): Wanted {
  const open: Bracket[] = [];
  let quote: { readonly mark: string; readonly at: number } | null = null;
  for (let at = 0; at < caret; at++) {
    const letter = text[at] as string;
    if (quote !== null) {
      if (letter === '\\' && quote.mark !== '`') at++;
      else if (letter === quote.mark) quote = null;
    } else if (letter === '"' || letter === "'" || letter === '`') quote = { mark: letter, at };
    else if (letter === '{' || letter === '(' || letter === '[')
      open.push({ kind: letter, at, before: word.exec(text.slice(0, at).trimEnd())?.[0] ?? '' });
    else if (letter === '}' || letter === ')' || letter === ']') open.pop();
  }
  const inside = open.at(-1);
  if (quote !== null) {
    const [, label] = /([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*$/.exec(text.slice(inside?.at ?? 0, quote.at)) ?? [];
    if (inside?.kind !== '{' || label === undefined) return none;
    return { kind: 'value', label, metric: metricBefore(inside), like: text.slice(quote.at + 1, caret), from: quote.at + 1 };
  }
  const like = word.exec(text.slice(0, caret))?.[0] ?? '';
  const from = caret - like.length;
  if (inside?.kind === '[') return none;
  if (inside?.kind === '{') {
    // After an operator comes a quote, after a value a comma.
    return /[{,]\s*$/.test(text.slice(0, from)) ? { kind: 'label', metric: metricBefore(inside), like, from } : none;
  }
  if (inside?.kind === '(' && grouping.test(inside.before)) return { kind: 'label', metric: anyMetric(text), like, from };
  // A digit before it: a number like 1e3 or a duration.
  return like === '' || /[\w.]$/.test(text.slice(0, from)) ? none : { kind: 'metric', like, from };
}

const metricBefore = ({ before }: Bracket): string | undefined =>
  before === '' || keywords.has(before.toLowerCase()) ? undefined : before;

/** The first word that is the name of a metric, as far as one can tell without the grammar. */
function anyMetric(text: string): string | undefined {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\{[^}]*\}|\[[^\]]*\]/g, (hidden) => ' '.repeat(hidden.length));
  const groups = bare.replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)?/gi, (hidden) => ' '.repeat(hidden.length));
  return [...groups.matchAll(/(?<![\w:.])[A-Za-z_:][\w:]*/g)]
    .map(([name]) => name)
    .find((name) => !keywords.has(name.toLowerCase()) && !functions.includes(name));
}

/** The expression with a choice in the place of the word that was typed, and where the caret then is. */
export function completed(
  text: string,
  caret: number,
  wanted: Exclude<Wanted, { kind: 'none' }>,
  choice: string,
): { text: string; caret: number } {
  const inserted =
    wanted.kind === 'value'
      ? choice.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
      : wanted.kind === 'metric' && functions.includes(choice)
        ? `${choice}(`
        : choice;
  return { text: text.slice(0, wanted.from) + inserted + text.slice(caret), caret: wanted.from + inserted.length };
}
