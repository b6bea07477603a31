import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configSchema } from '../model/config.ts';
import { errorTable } from '../model/errors.ts';
import { receiverSchema, receiverSecrets } from '../model/receiver.ts';
import { formatDuration } from '../model/time.ts';
import { unwrap } from '../server/config.ts';
import type { Invocation } from './invocation.ts';
import { programDir } from './paths.ts';

/** Writes the documents that are made from code; with --check only says whether they are in step. */
export async function docs({ options, print }: Invocation): Promise<number> {
  let stale = 0;
  for (const [file, text] of Object.entries(generatedDocs())) {
    const path = join(programDir, file);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    stale++;
    if (options['check'] === true) print(`${file} is out of step with the code: run "npm run docs".`);
    else {
      writeFileSync(path, text);
      print(`${file} is written anew.`);
    }
  }
  if (stale === 0) print('docs/config.md and docs/errors.md are in step with the code.');
  return options['check'] === true && stale > 0 ? 1 : 0;
}

export function generatedDocs(): Readonly<Record<string, string>> {
  return { 'docs/config.md': configDoc(), 'docs/errors.md': errorsDoc() };
}

function configDoc(): string {
  const lines = [
    '# Configuration',
    '',
    'Made from the schema by `npm run docs`; do not edit.',
    '',
    'Settings come from `vigia.yml` beside the program (or `--config FILE`), then from the environment: `prometheus.scrapeInterval` is',
    '`VIGIA_PROMETHEUS__SCRAPE_INTERVAL`. An unknown key is an error that names the nearest one. A secret can be read from a file:',
    'add `File` to its name (`passwordFile: /run/secrets/mail`). `vigia check` prints what is in force, with secrets masked.',
    'Durations are written like `15s`, `5m`, `1h30m`, `90d`.',
    '',
  ];
  for (const [section, schema] of Object.entries(configSchema.shape)) {
    lines.push(`## ${section}`, '', '| setting | default | meaning |', '|---|---|---|', ...rowsOf(section, schema), '');
    if (section === 'alerts') lines.push(...receiverLines(), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function rowsOf(path: string, schema: z.ZodType): string[] {
  const inner = unwrap(schema);
  // A section that is a list has no keys of its own.
  if (inner instanceof z.ZodArray && !path.includes('.'))
    return [`| \`${path}\` | ${defaultOf(schema)} | ${cell(descriptionOf(schema))} |`];
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, field]) => {
    const name = `${path}.${key}`;
    const row = `| \`${name}\` | ${defaultOf(field)} | ${cell(descriptionOf(field))} |`;
    return [row, ...rowsOf(name, field)];
  });
}

/** The keys of one entry of `alerts.receivers`: which depends on its kind. */
function receiverLines(): string[] {
  const keys = new Map<string, { kinds: string[]; field: z.ZodType }>();
  const kinds = receiverSchema.options.map((option) => option.shape.kind.value);
  for (const { shape } of receiverSchema.options) {
    for (const [key, field] of Object.entries(shape)) {
      keys.set(key, { kinds: [...(keys.get(key)?.kinds ?? []), shape.kind.value], field });
    }
  }
  keys.delete('kind');
  const rows = [...keys].map(([key, { kinds: of, field }]) => {
    const secret = receiverSecrets.has(key) ? `secret; \`${key}File\` reads it from a file` : '';
    return `| \`${key}\` | ${of.length === kinds.length ? 'all' : of.join(', ')} | ${defaultOf(field)} | ${secret} |`;
  });
  return [
    `One receiver of \`alerts.receivers\`: its \`kind\` is ${kinds.map((kind) => `\`${kind}\``).join(', ')}. Empty \`severities\` and \`categories\` mean that it`,
    'shares the work with the others: criticals to all, CPU to Telegram, network to Discord, the rest to e-mail.',
    '',
    '| key | of kind | default | |',
    '|---|---|---|---|',
    ...rows,
  ];
}

function descriptionOf(schema: z.ZodType): string {
  return schema.description ?? '';
}

function defaultOf(schema: z.ZodType): string {
  if (!(schema instanceof z.ZodDefault)) return schema instanceof z.ZodOptional ? 'none' : 'required';
  const value: unknown = schema.def.defaultValue;
  if (typeof value === 'number' && schema.unwrap() instanceof z.ZodPipe) return `\`${formatDuration(value)}\``;
  if (value === '') return 'empty';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function errorsDoc(): string {
  const rows = Object.entries(errorTable).map(([code, row]) => `| \`${code}\` | ${row.status} | ${row.exit} | ${cell(row.sentence)} |`);
  return [
    '# Errors',
    '',
    'Made from the table in `src/model/errors.ts` by `npm run docs`; do not edit.',
    '',
    'Every expected failure has a code. The API answers `{"code", "message"}` with the HTTP status; the command line prints the sentence',
    'and ends with the exit code (those of `sysexits.h` where one fits).',
    '',
    '| code | HTTP | exit | sentence |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
