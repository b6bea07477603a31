import { VigiaError } from '../model/errors.ts';
import { type Maintenance, windowInWords } from '../model/maintenance.ts';
import { parseDuration } from '../model/time.ts';
import type { Invocation } from './invocation.ts';
import { askRunning, runningFor } from './running.ts';

/** Plans, lists and ends maintenance windows in the Vigía that runs. */
export async function maintenance({ options, words, print, remark }: Invocation): Promise<number> {
  const [verb, number] = words;
  const body = bodyOf(verb, number, options, Date.now());
  const running = runningFor(options, remark);
  if (typeof running === 'number') return running;
  if (body === null) {
    const { windows } = await askRunning<{ windows: Maintenance[] }>(running, 'GET', 'maintenance');
    print(options['json'] === true ? JSON.stringify({ windows }) : inWords(windows));
    return 0;
  }
  const window = await askRunning<Maintenance>(running, 'POST', verb === 'end' ? 'maintenance/end' : 'maintenance', body);
  if (options['json'] === true) print(JSON.stringify(window));
  else if (verb === 'end') print(`Maintenance window ${window.id} is over.`);
  else print(`Maintenance window ${window.id}: ${windowInWords(window)}. Its time is not learned, and nobody is messaged about it.`);
  return 0;
}

/** What is sent; null where nothing is but a question. @throws VigiaError `usage`. */
function bodyOf(verb: string | undefined, number: string | undefined, options: Invocation['options'], nowMs: number): object | null {
  const text = (name: string) => options[name] as string | undefined;
  if (verb === 'end') {
    const window = Number(number);
    if (!Number.isSafeInteger(window) || window < 1)
      throw new VigiaError('usage', { problem: 'Which one? "vigia maintenance list" has the numbers' });
    return { window };
  }
  if (verb !== 'list' && verb !== 'add') throw new VigiaError('usage', { problem: `"${verb}" is none of list, add, end` });
  if (number !== undefined) throw new VigiaError('usage', { problem: `"${number}" is one word too many` });
  if (verb === 'list') return null;
  const fromMs = beginning(text('from'), nowMs);
  const group = text('group');
  const toMs = ending(text('to'), text('for'), fromMs);
  // A forgotten option must not silence everything.
  if (text('profile') === undefined && text('entity') === undefined && group === undefined)
    throw new VigiaError('usage', { problem: 'Of what? --entity and --group name some, --profile alone means all of its kind' });
  return {
    profile: text('profile') ?? 'linux-host',
    entities: (text('entity') ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    ...(group === undefined ? {} : { group }),
    fromMs,
    toMs,
    text: text('note') ?? '',
  };
}

function beginning(text: string | undefined, nowMs: number): number {
  if (text === undefined) return nowMs;
  const inMs = parseDuration(text);
  const ms = inMs === null ? Date.parse(text) : nowMs + inMs;
  if (Number.isNaN(ms))
    throw new VigiaError('usage', { problem: '--from needs a time like 2026-11-22T14:05:00Z, or in how long, like 2h' });
  return ms;
}

function ending(to: string | undefined, span: string | undefined, fromMs: number): number | null {
  if (to !== undefined && span !== undefined) throw new VigiaError('usage', { problem: 'Either --to or --for, not both' });
  if (to === undefined && span === undefined) return null;
  const lastsMs = parseDuration(span ?? '');
  const ms = span === undefined ? Date.parse(to ?? '') : lastsMs === null ? Number.NaN : fromMs + lastsMs;
  if (Number.isNaN(ms)) {
    const problem = span === undefined ? '--to needs a time like 2026-11-22T16:05:00Z' : '--for needs a span like 90m';
    throw new VigiaError('usage', { problem });
  }
  if (ms <= fromMs) throw new VigiaError('usage', { problem: 'It ends before it begins' });
  return ms;
}

function inWords(windows: readonly Maintenance[]): string {
  if (windows.length === 0) return 'There is no maintenance window.';
  return windows
    .map((window) =>
      [
        `${String(window.id).padStart(5)}  ${window.state.padEnd(7)}  ${windowInWords(window)}`,
        `                ${[window.text, `by ${window.by}`].filter((part) => part !== '').join(', ')}`,
      ].join('\n'),
    )
    .join('\n');
}
