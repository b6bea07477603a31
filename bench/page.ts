import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasons } from './reasons.ts';
import { goalOf, numberOf, resultsDir } from './report.ts';
import { meets, type Part, type Result } from './result.ts';

/** docs/benchmarks.md: the kept results as tables, with machine and date. What was not reached stands there as it is, with the reason. */
const pageFile = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

const head = `# Benchmarks

Made from \`bench/results/*.json\` by \`npm run bench -- NAME --keep\`; do not edit. A goal that was missed is marked. Figures of one
machine say little about another; where a peer exists, both were measured in one run and the figure is their ratio.
`;

export function writePage(): string {
  const results = readdirSync(resultsDir)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(resultsDir, name), 'utf8')) as Result);
  writeFileSync(pageFile, pageOf(results));
  return pageFile;
}

export function pageOf(results: readonly Result[]): string {
  return [head, ...results.map(sectionOf)].join('\n');
}

function sectionOf({ name, machine, results }: Result): string {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  return [
    `## ${name}`,
    '',
    `${machine.processor}, ${machine.cores} cores, ${memory}, Linux ${machine.kernel}, Node.js ${machine.node}.`,
    ...results.map(tableOf),
    '',
  ].join('\n');
}

function tableOf({ part, date, options, figures }: Part): string {
  const used = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return [
    '',
    `### ${part}`,
    '',
    [date.slice(0, 10), ...used].join(', '),
    '',
    '| figure | value | goal | note |',
    '|---|---|---|---|',
    ...figures.map((figure) => {
      const unit = figure.unit === 'ratio' || figure.unit === 'count' ? '' : ` ${figure.unit}`;
      return `| ${cell(figure.what)} | ${numberOf(figure.value)}${unit} | ${goalOf(figure)} | ${cell(figure.note ?? '')} |`;
    }),
    ...figures.flatMap((figure) => {
      const reason = meets(figure) === false ? reasons[part]?.[figure.what] : undefined;
      return reason === undefined ? [] : ['', `\`${figure.what}\`: ${reason}`];
    }),
  ].join('\n');
}

const cell = (text: string): string => text.trim().replaceAll('|', '\\|');
