import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VigiaError } from '../model/errors.ts';
import { run } from '../tools/run.ts';
import { pageDir, programDir } from './paths.ts';

const sources = ['src/web/**/*.{ts,tsx,js,css,html,svg}', 'src/model/*.ts', 'dashboards/*.ts', 'package-lock.json'];

/** Builds the page when what it is made of changed. */
export async function buildPage(progress: (line: string) => void): Promise<void> {
  const stampFile = join(pageDir, 'built-from');
  const stamp = stampOf();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  progress('Building the page (about 10 s)');
  const result = await run(
    {
      file: process.execPath,
      args: [
        join(programDir, 'node_modules', 'vite', 'bin', 'vite.js'),
        'build',
        '--config',
        'src/web/vite.config.ts',
        '--logLevel',
        'warn',
      ],
      cwd: programDir,
    },
    { timeoutMs: 300_000, maxBytes: 1_000_000 },
  );
  if (result.exitCode !== 0) throw new VigiaError('bug', { reason: `the page could not be built:\n${result.stderr || result.stdout}` });
  writeFileSync(stampFile, stamp);
}

function stampOf(): string {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: programDir }).sort()) hash.update(file).update(readFileSync(join(programDir, file)));
  return hash.digest('hex');
}
