import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { programDir, version } from '../../src/cli/paths.ts';

/**
 * Golden transcripts of the command line. A case is a folder in `cases/`: `command` holds one command per line, `expected`
 * what a person then sees (standard output, standard error, exit code); every other file is there when the commands run.
 * A new case needs no `expected`: `VIGIA_REWRITE=1 npx vitest run test/cli` writes it. Read what it wrote.
 *
 * Lines of `command`: `[NAME=VALUE…] vigia WORDS [| grep TEXT]`, and to make files `gzip FILE`, `cut FILE BYTES`.
 */
const casesDir = join(import.meta.dirname, 'cases');
const rewrite = process.env['VIGIA_REWRITE'] === '1';
const names = readdirSync(casesDir).sort();

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

function vigia(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Promise<Outcome> {
  const file = join(programDir, 'src', 'cli', 'main.ts');
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 };
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ stdout, stderr, code: error === null ? 0 : (error.code as number) });
    });
  });
}

async function line(command: string, dir: string): Promise<string> {
  const [before = '', wanted] = command.split(' | grep ');
  const words = before.split(' ');
  const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const env = Object.fromEntries(
    words.slice(0, start).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
  const [program, ...args] = words.slice(start);
  const file = join(dir, args[0] ?? '');
  if (program === 'gzip') writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
  else if (program === 'cut') truncateSync(file, Number(args[1]));
  else if (program === 'vigia') {
    const { stdout, stderr: all, code } = await vigia(args, env, dir);
    // Said by whoever is the first as root.
    const stderr = all.replace('Making the system user "vigia"\n', '');
    const shown = stdout.split('\n').filter((each) => wanted === undefined || each.includes(wanted));
    return [`$ ${command}`, shown.join('\n').trimEnd(), ...marked('stderr', stderr), `-- exit ${code}`]
      .filter((part) => part !== '')
      .join('\n');
  } else throw new Error(`"${command}" begins with neither vigia, gzip nor cut`);
  return `$ ${command}`;
}

const marked = (name: string, text: string): string[] => (text === '' ? [] : [`-- ${name}`, text.trimEnd()]);

/** What differs from machine to machine, or from release to release. */
function normalised(text: string, dir: string): string {
  return text
    .replaceAll(dir, 'DIR')
    .replaceAll(programDir, 'PROGRAM')
    .replaceAll(`Vigía ${version}`, 'Vigía VERSION')
    .replaceAll(new RegExp(`^${version.replaceAll('.', '\\.')}$`, 'gm'), 'VERSION')
    .replaceAll(/change its owner to \S+\.$/gm, 'change its owner to USER.');
}

describe('the command line', () => {
  test('has a case for each thing that is likely to go wrong', () => expect(names.length).toBeGreaterThanOrEqual(25));

  test.concurrent.each(names)(
    '%s',
    async (name) => {
      const dir = mkdtempSync(join(tmpdir(), 'vigia-cli-'));
      try {
        // As root, "vigia restore" becomes a user of its own, which must get through here.
        chmodSync(dir, 0o755);
        cpSync(join(casesDir, name), dir, { recursive: true });
        const transcript: string[] = [];
        for (const command of readFileSync(join(dir, 'command'), 'utf8').trimEnd().split('\n')) transcript.push(await line(command, dir));
        const found = normalised(`${transcript.join('\n\n')}\n`, dir);
        const golden = join(casesDir, name, 'expected');
        if (rewrite) writeFileSync(golden, found);
        expect(existsSync(golden), `${golden} is missing: write it with VIGIA_REWRITE=1 and read it`).toBe(true);
        expect(found).toBe(readFileSync(golden, 'utf8'));
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
