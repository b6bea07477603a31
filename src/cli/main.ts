import { parseArgs } from 'node:util';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { Invocation } from './invocation.ts';
import { rootDataDir, version } from './paths.ts';

interface Command {
  readonly usage: string;
  readonly does: string;
  readonly options: Readonly<Record<string, 'text' | 'switch'>>;
  /** What an option means to this command, where that is not what it means to the others. */
  readonly means?: Readonly<Record<string, string>>;
  readonly words?: number;
  /** Words that may come after these. */
  readonly moreWords?: number;
  /** What the first word is called; FILE without it. */
  readonly word?: string;
  /** Loaded only when it is asked for: `--help` needs none of the server. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}

const csv = { csv: 'text', detector: 'text', train: 'text', time: 'text', label: 'text' } as const;
const place = { data: 'text', config: 'text' } as const;

const commands: Readonly<Record<string, Command>> = {
  up: {
    usage: 'up [--detach] [--data DIR] [--listen HOST:PORT] [--config FILE] [--no-install]',
    does: 'install what is missing, start everything, say where to look',
    options: { ...place, detach: 'switch', listen: 'text', 'no-install': 'switch' },
    load: async () => (await import('./up.ts')).up,
  },
  down: {
    usage: 'down [--data DIR]',
    does: 'stop the Vigía that runs on a data folder',
    options: { data: 'text' },
    load: async () => (await import('./running.ts')).down,
  },
  status: {
    usage: 'status [--json] [--data DIR]',
    does: 'say how everything is, and how much it keeps',
    options: { data: 'text', json: 'switch' },
    load: async () => (await import('./running.ts')).status,
  },
  check: {
    usage: 'check [--config FILE]',
    does: 'print the configuration in force, secrets masked, or every problem in it',
    options: { config: 'text' },
    load: async () => (await import('./check.ts')).check,
  },
  rules: {
    usage: 'rules [--data DIR] [--config FILE]',
    does: 'print the Prometheus rules made from the inventory',
    options: place,
    load: async () => (await import('./rules.ts')).rules,
  },
  dashboards: {
    usage: 'dashboards --out DIR [--config FILE]',
    does: 'write the dashboards for Grafana, and what provisions them',
    options: { config: 'text', out: 'text' },
    means: { out: 'folder to write into; files of the same name are replaced' },
    load: async () => (await import('./dashboards.ts')).dashboards,
  },
  discover: {
    usage: 'discover [--network CIDR] [--add ADDRESS] [--dismiss ADDRESS] [--json] [--data DIR]',
    does: 'look for exporters on the network and suggest what could be watched; Vigía must run',
    options: { network: 'text', add: 'text', dismiss: 'text', json: 'switch', data: 'text' },
    load: async () => (await import('./discover.ts')).discover,
  },
  accept: {
    usage: 'accept INCIDENT [--data DIR]',
    does: "take the new level of an incident's entity for normal, now; Vigía must run",
    options: { data: 'text' },
    words: 1,
    word: 'INCIDENT',
    load: async () => (await import('./accept.ts')).accept,
  },
  maintenance: {
    usage:
      'maintenance list|add|end [WINDOW] [--profile SLUG] [--entity ID,ID] [--group NAME] [--from TIME] [--to TIME] [--for SPAN] [--note TEXT] [--json] [--data DIR]',
    does: 'times that are not learned and of which nobody is messaged; Vigía must run',
    options: {
      profile: 'text',
      entity: 'text',
      group: 'text',
      from: 'text',
      to: 'text',
      for: 'text',
      note: 'text',
      json: 'switch',
      data: 'text',
    },
    means: {
      profile: 'profile of the entities; linux-host by default',
      entity: 'the entities, ids of targets; all of the profile without it and --group',
      from: 'time like 2026-11-22T14:05:00Z, or in how long, like 2h; now by default',
      to: 'time like 2026-11-22T16:05:00Z; without it and --for until somebody ends it',
    },
    words: 1,
    moreWords: 1,
    word: 'word list, add or end',
    load: async () => (await import('./maintenance.ts')).maintenance,
  },
  models: {
    usage: 'models [--profile SLUG] [--entity ID] [--roll-back VERSION] [--json] [--data DIR] [--config FILE]',
    does: 'list the model versions that are kept, or go back to one of an entity',
    options: { ...place, profile: 'text', entity: 'text', 'roll-back': 'text', json: 'switch' },
    load: async () => (await import('./models.ts')).models,
  },
  backtest: {
    usage:
      'backtest [--profile SLUG] [--entity ID] [--days N] [--detector SLUG] [--threshold X] [--against SLUG[:X]] [--json] [--data DIR]',
    does: 'score history with a detector and a threshold, or with two side by side',
    options: {
      profile: 'text',
      entity: 'text',
      days: 'text',
      detector: 'text',
      threshold: 'text',
      against: 'text',
      json: 'switch',
      data: 'text',
    },
    means: { detector: 'detector to score with; the configured one by default' },
    load: async () => (await import('./backtest.ts')).backtest,
  },
  backup: {
    usage: 'backup FILE [--data DIR] [--config FILE]',
    does: 'write the whole state into one file',
    options: place,
    words: 1,
    load: async () => (await import('./backup.ts')).backup,
  },
  restore: {
    usage: 'restore FILE [--data DIR] [--config FILE]',
    does: 'replace the state by that of a backup; Vigía must not run',
    options: place,
    words: 1,
    load: async () => (await import('./backup.ts')).restore,
  },
  score: {
    usage: 'score --csv FILE [--detector SLUG] [--train ROWS] [--time COLUMN] [--label COLUMN] [--out FILE]',
    does: 'score the rows of a CSV file, and say why',
    options: { ...csv, out: 'text' },
    means: { out: 'file for the scores; without it standard output' },
    load: async () => (await import('./score.ts')).score,
  },
  evaluate: {
    usage: 'evaluate --csv FILE [--label COLUMN] [--detector SLUG] [--train ROWS] [--time COLUMN] [--json]',
    does: 'say how a detector does on a CSV file: against its labels, or what it would have found',
    options: { ...csv, json: 'switch' },
    load: async () => (await import('./evaluate.ts')).evaluate,
  },
  export: {
    usage: 'export --match SELECTOR --from TIME [--to TIME] --out FILE [--data DIR]',
    does: 'write samples as CSV, those of the archive too; Vigía must run',
    options: { match: 'text', from: 'text', to: 'text', out: 'text', data: 'text' },
    means: { out: 'the CSV file to write; it must not exist' },
    load: async () => (await import('./export.ts')).exportSamples,
  },
  docs: {
    usage: 'docs [--check]',
    does: 'write docs/config.md and docs/errors.md from the code',
    options: { check: 'switch' },
    load: async () => (await import('./docs.ts')).docs,
  },
};

const meanings: Readonly<Record<string, string>> = {
  data: `folder of everything Vigía keeps: VIGIA_DATA, else ${rootDataDir} for root and .vigia/data beside the program for others`,
  config: 'configuration file; without it vigia.yml beside the program, where there is one',
  match: 'series selector of PromQL, such as node_load1 or \'{job="linux-host"}\'',
  from: 'time like 2026-11-22T14:05:00Z, or how long ago, like 30d',
  to: 'the same; now without it',
  listen: 'address of the page and the API, over server.listen; 127.0.0.1:8080 by default',
  detach: 'go on in the background; the log is vigia.log in the data folder',
  'no-install': 'install nothing: refuse with the list of what is missing',
  csv: 'file with a header; columns of numbers are features, an empty cell or NaN is missing',
  train: 'rows at the start to learn from before the first is scored; 0 for detectors that learn as they go, else 15 % of the file',
  time: 'column of times, ISO 8601 or seconds or milliseconds since 1970; found by itself where it is named like one',
  label: 'column of labels, 0 or 1; found by itself where it is named label or anomaly',
  json: 'one JSON object on standard output',
  profile: 'profile of the entities, linux-host for example',
  entity: 'the entity: the id of a target',
  group: 'all targets whose label "group" is this now',
  for: 'how long it lasts, like 90m',
  note: 'what is done; people and charts see it',
  'roll-back': 'score with this version from now on, until somebody trains',
  network: 'private IPv4 network, such as 192.168.1.0/24; without it the neighbours of the machine that Vigía runs on',
  add: 'watch what the last search found at this HOST:PORT',
  dismiss: 'never suggest again what the last search found at this HOST:PORT',
  days: 'how far back history is scored; 30 by default',
  detector: 'slug of the detector; docs/detectors has a page for each',
  threshold: 'score from which on a step is a finding, 0 to 1; the one that the detector learns by default',
  against: 'a second detector, with its threshold where one is given, side by side with the first',
  check: 'write nothing; end with 1 when they are out of step',
};

function helpOf({ usage, does, options, means }: Command): string {
  const width = Math.max(0, ...Object.keys(options).map((name) => name.length));
  const rows = Object.keys(options).map((name) => `  --${name.padEnd(width)}  ${means?.[name] ?? meanings[name] ?? ''}`);
  return [`vigia ${usage}`, `    ${does}`, ...(rows.length === 0 ? [] : ['', ...rows])].join('\n');
}

const help = `Vigía ${version} watches hosts through Prometheus, learns what is normal, and says what is not, with the reason.

${Object.values(commands)
  .map((command) => `  vigia ${command.usage}\n      ${command.does}`)
  .join('\n')}
  vigia test
      install what is missing and run every check there is
  vigia --help, vigia --version

Options: "vigia COMMAND --help". Settings: vigia.yml beside the program or --config FILE, then VIGIA_SECTION__KEY (docs/config.md).
Exit codes: 0 done, 1 something is bad or not there, 64 wrong command line; the others: docs/errors.md.
`;

async function main(argv: readonly string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  const remark = (text: string) => void process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  const asked = argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  const [name, ...rest] = asked;
  if (name === undefined) {
    remark(help);
    return 64;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    print(help);
    return 0;
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    print(version);
    return 0;
  }
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined) {
      const known = Object.keys(commands).join(', ');
      throw new VigiaError('usage', { problem: `There is no command "${name}"; there are: ${known}, test` });
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      print(helpOf(command));
      return 0;
    }
    const words = parse(command, rest);
    const run = await command.load();
    return await run({ ...words, print, remark });
  } catch (thrown) {
    const exit = thrown instanceof Error && 'exit' in thrown && typeof thrown.exit === 'number' ? thrown.exit : null;
    const bug = () => `a bug: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : reasonOf(thrown)}`;
    remark(`vigia: ${exit === null ? bug() : reasonOf(thrown)}`);
    return exit ?? 70;
  }
}

function parse(command: Command, args: readonly string[]): Pick<Invocation, 'options' | 'words'> {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, kind]) => [name, { type: kind === 'text' ? ('string' as const) : ('boolean' as const) }]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const wanted = command.words ?? 0;
    if (positionals.length < wanted) throw new Error(`The ${command.word ?? 'FILE'} is missing`);
    const most = wanted + (command.moreWords ?? 0);
    if (positionals.length > most) throw new Error(`"${positionals[most]}" is one word too many`);
    return { options: values as Invocation['options'], words: positionals };
  } catch (thrown) {
    // The parser's further sentences are about words that begin with "-".
    const [reason = ''] = reasonOf(thrown).split(/\.\s|\.$/, 1);
    throw new VigiaError('usage', { problem: `${reason}. Usage: vigia ${command.usage}` });
  }
}

// "vigia rules | head" has read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 74));

// No process.exit(): what is still being written must arrive.
process.exitCode = await main(process.argv.slice(2));
