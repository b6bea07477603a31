import { setTimeout as sleep } from 'node:timers/promises';
import type { Backtest, BacktestSetting, BacktestSide } from '../model/backtest.ts';
import { VigiaError } from '../model/errors.ts';
import { minuteText } from '../model/time.ts';
import type { Invocation } from './invocation.ts';
import { askRunning, runningFor } from './running.ts';

const pollMs = 500;
const weekMs = 7 * 86_400_000;
const shownEpisodes = 10;

/** Asks the Vigía that runs to score history, shows how far it is, and prints what came of it. Ctrl-C cancels it. */
export async function backtest({ options, print, remark }: Invocation): Promise<number> {
  const text = (name: string) => options[name] as string | undefined;
  const input = {
    profile: text('profile') ?? 'linux-host',
    ...(text('entity') === undefined ? {} : { entity: text('entity') }),
    days: numberOf('days', text('days') ?? '30', 0.01, 3650),
    settings: settingsOf(text('detector'), text('threshold'), text('against')),
  };
  const running = runningFor(options, remark);
  if (typeof running === 'number') return running;
  let last = await askRunning<Backtest>(running, 'POST', 'backtest', input);
  const { id } = last;
  const cancel = () => void askRunning(running, 'DELETE', 'backtest').catch(() => {});
  process.once('SIGINT', cancel);
  let shown = -1;
  while (last.state === 'running') {
    const percent = Math.floor(last.progress * 100);
    if (percent > shown && options['json'] !== true) {
      // One line that grows older on a terminal, a line per tenth elsewhere.
      if (process.stderr.isTTY) process.stderr.write(`\r${percent} % of ${last.input.days} days, ${last.entities} entities `);
      else if (Math.floor(percent / 10) > Math.floor(shown / 10)) remark(`${percent} %`);
      shown = percent;
    }
    await sleep(pollMs);
    const { backtest: now } = await askRunning<{ backtest: Backtest | null }>(running, 'GET', 'backtest');
    if (now?.id !== id) throw new VigiaError('conflict', { reason: 'Another backtest was started meanwhile; this one is gone.' });
    last = now;
  }
  process.removeListener('SIGINT', cancel);
  if (process.stderr.isTTY && shown >= 0) process.stderr.write('\r\x1B[K');
  if (options['json'] === true) print(JSON.stringify(last));
  else if (last.state === 'done') print(inWords(last));
  // Zeros of nothing look like a clean bill.
  if (last.state === 'done' && last.sides.every(({ scored }) => scored === 0))
    remark('No step could be scored: there are no samples of that time, or too few to learn from first.');
  if (last.state === 'done') return 0;
  remark(last.state === 'cancelled' ? 'vigia: The backtest was cancelled.' : `vigia: The backtest failed: ${last.reason}`);
  return 1;
}

function settingsOf(detector: string | undefined, threshold: string | undefined, against: string | undefined): BacktestSetting[] {
  const first = { ...(detector === undefined ? {} : { detector }), threshold: thresholdOf('threshold', threshold) };
  if (against === undefined) return [first];
  const [slug = '', value] = against.split(':', 2);
  return [first, { detector: slug, threshold: thresholdOf('against', value) }];
}

const thresholdOf = (name: string, value: string | undefined): number | null => (value === undefined ? null : numberOf(name, value, 0, 1));

function numberOf(name: string, value: string, low: number, high: number): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (number >= low && number <= high) return number;
  throw new VigiaError('usage', { problem: `--${name} is a number from ${low} to ${high}, not "${value}"` });
}

function inWords({ input, entities, fromMs, toMs, sides }: Backtest): string {
  const name = ({ detector, threshold }: BacktestSide) => (threshold === null ? detector : `${detector} at ${threshold}`);
  const rate = (count: number) => ((count * weekMs) / (toMs - fromMs)).toFixed(1);
  const rows: [string, ...string[]][] = [
    ['', ...sides.map(name)],
    ['steps scored', ...sides.map((side) => String(side.scored))],
    ['findings', ...sides.map((side) => String(side.findings))],
    ['episodes', ...sides.map((side) => String(side.episodes))],
    ['episodes a week', ...sides.map((side) => rate(side.episodes))],
    ...(sides[0]?.weeks ?? []).map((week, at): [string, ...string[]] => [
      `  week from ${new Date(week.fromMs).toISOString().slice(0, 10)}`,
      ...sides.map((side) => String(side.weeks[at]?.episodes ?? 0)),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const newest = sides.flatMap((side) => [
    ...(side.latest.length === 0 ? [] : ['', `Newest episodes of ${name(side)}:`]),
    ...side.latest.slice(0, shownEpisodes).map((one) => {
      const minutes = Math.round((one.toMs - one.fromMs) / 60_000);
      return `  ${minuteText(one.fromMs)}  ${one.entity}  ${minutes} min  ${one.score.toFixed(2)} (from ${one.threshold.toFixed(2)} on)  ${one.feature ?? ''}`.trimEnd();
    }),
  ]);
  const what = input.entity ?? (entities === 1 ? '1 entity' : `${entities} entities`);
  return [`${input.profile}, ${what}, ${minuteText(fromMs)} to ${minuteText(toMs)}`, '', ...table, ...newest].join('\n');
}
