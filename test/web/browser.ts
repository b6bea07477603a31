import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { executableIn } from '../../src/tools/executable.ts';
import { startStub, type Stub } from './stub.ts';

const root = join(import.meta.dirname, '..', '..');

const sources = ['src/web/**/*.*', 'src/model/**/*.ts', 'dashboards/**/*.ts', 'package-lock.json'];
const keptMs = 86_400_000;

/**
 * The page as it would be released, in a folder of its own so that a running `dist/page` stays untouched. The folder is named after
 * the sources: files of tests run in processes of their own, and what one of them has built serves all.
 */
async function buildPage(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: root }).sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  const dir = join(tmpdir(), `vigia-page-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(dir)) return dir;
  for (const old of globSync('vigia-page-*', { cwd: tmpdir() }).map((name) => join(tmpdir(), name))) {
    if (Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? 0) > keptMs) rmSync(old, { recursive: true, force: true });
  }
  const made = mkdtempSync(`${dir}-`);
  const environment = process.env['NODE_ENV'];
  // A runner of tests sets another, and React would be the one for development.
  process.env['NODE_ENV'] = 'production';
  try {
    await build({
      configFile: join(root, 'src', 'web', 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: made, emptyOutDir: true },
    });
  } finally {
    process.env['NODE_ENV'] = environment;
  }
  try {
    renameSync(made, dir);
  } catch (error) {
    // Another process was quicker; what it built is the same.
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
  return dir;
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['VIGIA_CHROMIUM'] ?? executableIn('chromium', process.env['PATH'] ?? '') ?? '/usr/bin/chromium',
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Whatever a page did that it must never do: errors on the console, violations of the policy, requests elsewhere. */
export interface Watch {
  readonly wrongs: string[];
}

export function watch(page: Page, origin: string, expected: RegExp = /^$/): Watch {
  const wrongs: string[] = [];
  page.on('console', (message) => {
    // A refused sign-in is an answer of 401, which the browser itself writes down.
    if (['error', 'warning'].includes(message.type()) && !expected.test(message.text())) wrongs.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrongs.push(`page: ${error.message}`));
  page.on('dialog', (dialog) => {
    wrongs.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) wrongs.push(`request to ${url}`);
  });
  return { wrongs };
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Serious and critical findings of axe-core, as `id: element`. */
export async function axe(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Evaluated through the debugger: the policy of the page refuses an inline script, as it should.
  if ((await page.evaluate('typeof axe')) !== 'object') await page.evaluate(`${await axeSource}; void 0`);
  const runOnly = rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
  const { violations } = (await page.evaluate(
    `axe.run(document, ${JSON.stringify({ runOnly, resultTypes: ['violations'] })})`,
  )) as AxeResult;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

export interface Bench {
  readonly browser: Browser;
  readonly stub: Stub;
  /** A stub of its own, for tests that run at the same time; it ends with the bench. */
  another(): Promise<Stub>;
  /** A page of its own context on a stub, watched. */
  open(
    path: string,
    options?: BrowserContextOptions,
    expected?: RegExp,
    on?: Stub,
  ): Promise<{ page: Page; context: BrowserContext; watch: Watch }>;
  stop(): Promise<void>;
}

/** Page, stub and browser, made once per test file. */
export async function startBench(basePath = '/'): Promise<Bench> {
  const [dir, browser] = await Promise.all([buildPage(), launch()]);
  const stub = await startStub(dir, basePath);
  const stubs = [stub];
  return {
    browser,
    stub,
    another: async () => {
      const made = await startStub(dir, basePath);
      stubs.push(made);
      return made;
    },
    open: async (path, options = {}, expected = /^$/, on = stub) => {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        locale: 'en-GB',
        timezoneId: 'Europe/Madrid',
        reducedMotion: 'reduce',
        ...options,
      });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const watched = watch(page, new URL(on.url).origin, expected);
      await page.goto(on.url + path);
      return { page, context, watch: watched };
    },
    stop: async () => {
      await browser.close();
      await Promise.all(stubs.map((one) => one.close()));
    },
  };
}
