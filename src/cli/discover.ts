import { setTimeout as sleep } from 'node:timers/promises';
import type { Search, Suggestion } from '../model/discovery.ts';
import { VigiaError } from '../model/errors.ts';
import type { Target } from '../model/target.ts';
import type { Running } from '../server/data-folder.ts';
import type { Invocation } from './invocation.ts';
import { askRunning, runningFor } from './running.ts';

interface Found {
  readonly search: Search | null;
  readonly suggestions: readonly Suggestion[];
  readonly dismissed: number;
}

const pollMs = 500;

/** Asks the Vigía that runs to look around, shows how far it is, and prints what it suggests. Nothing is added without `--add`. */
export async function discover({ options, print, remark }: Invocation): Promise<number> {
  const text = (name: string) => options[name] as string | undefined;
  const [network, add, dismiss] = [text('network'), text('add'), text('dismiss')];
  if ([network, add, dismiss].filter((each) => each !== undefined).length > 1)
    throw new VigiaError('usage', { problem: 'Of --network, --add and --dismiss only one goes at a time' });
  const running = runningFor(options, remark);
  if (typeof running === 'number') return running;
  if (add !== undefined) {
    const target = await askRunning<Target>(running, 'POST', 'discovery/add', { address: add });
    print(`${target.name} (${target.profile}, ${target.address}) is watched from now on.`);
    return 0;
  }
  if (dismiss !== undefined) {
    const { address, profile } = await askRunning<Suggestion>(running, 'POST', 'discovery/dismiss', { address: dismiss });
    print(`${address} (${profile}) is not suggested again.`);
    return 0;
  }
  const found = await follow(running, network, options['json'] === true, remark);
  print(options['json'] === true ? JSON.stringify(found) : inWords(found));
  if (found.search.state === 'done') return 0;
  remark('vigia: The search was cancelled; this is what was found until then.');
  return 1;
}

async function follow(
  running: Running,
  network: string | undefined,
  quiet: boolean,
  remark: Invocation['remark'],
): Promise<Found & { readonly search: Search }> {
  const started = await askRunning<Search>(running, 'POST', 'discovery/search', network === undefined ? {} : { network });
  const cancel = () => void askRunning(running, 'DELETE', 'discovery/search').catch(() => {});
  process.once('SIGINT', cancel);
  if (!quiet) remark(`Asking ${started.addresses} address(es) at ${started.total / Math.max(1, started.addresses)} port(s) each.`);
  let shown = -1;
  for (;;) {
    const { search, ...rest } = await askRunning<Found>(running, 'GET', 'discovery/found');
    if (search?.id !== started.id) throw new VigiaError('conflict', { reason: 'Another search was started meanwhile; this one is gone' });
    const percent = search.total === 0 ? 100 : Math.floor((100 * search.tried) / search.total);
    if (percent > shown && !quiet && search.state === 'running') {
      // One line that grows older on a terminal, a line per tenth elsewhere.
      if (process.stderr.isTTY) process.stderr.write(`\r${percent} %, ${search.answered} answered `);
      else if (Math.floor(percent / 10) > Math.floor(shown / 10)) remark(`${percent} %`);
      shown = percent;
    }
    if (search.state !== 'running') {
      process.removeListener('SIGINT', cancel);
      if (process.stderr.isTTY && shown >= 0) process.stderr.write('\r\x1B[K');
      return { search, ...rest };
    }
    await sleep(pollMs);
  }
}

function inWords({ search, suggestions, dismissed }: Found & { readonly search: Search }): string {
  const where = search.network ?? 'the neighbours of this machine';
  const summary = `Searched ${where}: ${search.addresses} address(es), ${search.answered} answered with metrics that a profile knows.`;
  const gone = dismissed === 0 ? [] : [`${dismissed} suggestion(s) were dismissed and are not shown.`];
  const [first] = suggestions;
  if (first === undefined) return [summary, 'Nothing that is not watched already.', ...gone].join('\n');
  const rows = [
    ['ADDRESS', 'PROFILE', 'NAME', 'WHY'],
    ...suggestions.map((each) => [
      each.address,
      each.profile,
      each.name,
      `${each.matching} of its ${each.samples} samples begin with ${each.begins}`,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [summary, '', ...table, '', `Watch one: vigia discover --add ${first.address}`, ...gone].join('\n');
}
