import { globSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from '../src/cli/page.ts';
import { partsDir, programDir } from '../src/cli/paths.ts';
import { createGuardedFetch } from '../src/clients/guarded.ts';
import { reasonOf } from '../src/model/errors.ts';
import { ensureParts } from '../src/tools/parts.ts';
import { neededPackages } from './needed-packages.ts';

/**
 * Does what the first `vigia up` would do before it starts anything: brings the programs, builds the page. For images and services,
 * whose user may install nothing. `--small` then removes what nothing needs any more: the npm packages that only the page is built
 * from, the headers of Node.js, and of the distribution's packages what belongs to their own pages, which nobody reaches.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function prepare(): Promise<void> {
  const proxy = process.env['HTTPS_PROXY'] ?? process.env['https_proxy'];
  const fetch = createGuardedFetch({ proxy, noProxy: [], forbiddenPorts: () => new Set<number>() });
  await ensureParts(['prometheus', 'promtool', 'alertmanager', 'amtool', 'node_exporter'], {
    partsDir,
    install: true,
    progress: say,
    fetch: (url, maxBytes, deadlineMs) => fetch(url, { maxBytes, deadlineMs }),
  });
  await fetch.close();
  await buildPage(say);
  if (process.argv.includes('--small')) {
    dropPagePackages();
    const unused = ['node_modules/node-linux-*/include', '.vigia/parts/packages/*/usr/share/!(prometheus)'];
    for (const path of globSync(unused, { cwd: programDir })) rmSync(join(programDir, path), { recursive: true, force: true });
  }
}

function dropPagePackages(): void {
  const lock = JSON.parse(readFileSync(join(programDir, 'package-lock.json'), 'utf8')) as Parameters<typeof neededPackages>[0];
  const sources = globSync(['src/**/*.ts', 'dashboards/*.ts'], { cwd: programDir }).filter((file) => !file.startsWith('src/web/'));
  const needed = neededPackages(
    lock,
    sources.map((file) => readFileSync(join(programDir, file), 'utf8')),
  );
  const dropped = Object.keys(lock.packages).filter((path) => path !== '' && !needed.has(path) && existsSync(join(programDir, path)));
  // A package may lie inside of one that is dropped with it.
  for (const path of dropped) rmSync(join(programDir, path), { recursive: true, force: true });
  rmSync(join(programDir, 'node_modules', '.bin'), { recursive: true, force: true });
  say(`Dropped ${dropped.length} packages that only the page is built from`);
}

try {
  await prepare();
} catch (thrown) {
  process.stderr.write(`prepare: ${reasonOf(thrown)}\n`);
  process.exitCode = 1;
}
