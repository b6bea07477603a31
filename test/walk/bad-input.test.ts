import { createHash, randomBytes } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Health, Overview, TargetTest } from '../../src/model/api.ts';
import type { Target } from '../../src/model/target.ts';
import { run } from '../../src/tools/run.ts';
import { type Exporter, type Manner, startExporter } from '../stand-ins/exporter.ts';
import { eventually, freePort } from '../stand-ins/real.ts';
import { startSource } from './bad-input-source.ts';
import { readBooks } from './kill-ledger.ts';
import { type Place, place, startVigia, type Vigia } from './vigia.ts';

/** What a person sees when the world misbehaves, with a real Vigía: a sentence, and nothing lost. */
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  for (const each of cleanUps.toReversed()) await each();
}, 60_000);

/** `vigia up` where it must not start: its exit code and what it says. */
async function upRefuses(at: Pick<Place, 'dataDir' | 'listen'>, configFile: string): Promise<{ exitCode: number | null; said: string }> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    main,
    'up',
    '--no-install',
    '--data',
    at.dataDir,
    '--config',
    configFile,
    '--listen',
    at.listen,
  ];
  // Parts that are not installed in the system are found by PATH alone.
  const env = { PATH: process.env['PATH'] ?? '' };
  const { exitCode, stderr } = await run({ file: process.execPath, args, env }, { timeoutMs: 60_000, maxBytes: 100_000 });
  const said = stderr.split('\n').find((line) => line.startsWith('vigia: ')) ?? stderr;
  return { exitCode, said: said.slice('vigia: '.length) };
}

const part = (health: Pick<Health, 'parts'>, name: string) => health.parts.find((each) => each.part === name);

describe('targets', () => {
  const manners: readonly Manner[] = ['metrics', 'garbage', 'drip', 'endless', 'never'];
  let at: Place;
  let vigia: Vigia;
  const exporters = new Map<Manner, Exporter>();
  const input = (name: string, address: string) => ({ name, profile: 'linux-host', address });

  beforeAll(async () => {
    at = await place();
    cleanUps.push(at.remove);
    vigia = await startVigia(at, { prometheus: { scrapeInterval: '1s' }, detection: { minimumSteps: 60 } });
    cleanUps.push(() => vigia.stop());
    for (const manner of manners) {
      const exporter = await startExporter();
      exporter.answer(manner);
      exporters.set(manner, exporter);
      cleanUps.push(exporter.stop);
      await vigia.api<Target>('POST', '/api/targets', input(manner, exporter.address));
    }
  }, 120_000);

  const address = (manner: Manner): string => (exporters.get(manner) as Exporter).address;
  const test = (at: string) => vigia.api<TargetTest>('POST', '/api/targets/test', input('tried', at));

  it('"test now" says what each of them does', { timeout: 60_000 }, async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const [good, garbage, drip, endless, never, nothing] = await Promise.all([
      ...manners.map((manner) => test(address(manner))),
      test(nobody),
    ]);
    expect(good).toMatchObject({ ok: true });
    expect(good?.message).toMatch(/^It answers with \d+ samples\.$/);
    expect(garbage).toMatchObject({ ok: false, message: 'It answered, but not with metrics in the Prometheus text format.' });
    expect(drip).toMatchObject({ ok: false, message: 'It did not finish its answer within 8 s.' });
    expect(endless).toMatchObject({ ok: false, message: 'It sent more than 10485760 bytes and was cut off.' });
    expect(never).toMatchObject({ ok: false, message: 'It did not finish its answer within 8 s.' });
    expect(nothing).toMatchObject({
      ok: false,
      message: `It at http://${nobody} does not answer: connection refused (nothing listens there).`,
    });
  });

  it('the overview says which are bad and why, and the others go on', { timeout: 90_000 }, async () => {
    const of = (overview: Overview, id: string) => overview.targets.find((target) => target.id === id);
    const settled = await eventually(
      'all five are judged',
      async () => {
        const overview = await vigia.api<Overview>('GET', '/api/overview');
        return manners.every((manner) => of(overview, manner)?.state !== 'unknown') && overview;
      },
      60_000,
    );
    expect(of(settled, 'metrics')).toMatchObject({ state: 'ok', reason: '' });
    for (const manner of ['garbage', 'drip', 'endless', 'never'] as const) {
      expect(of(settled, manner)).toMatchObject({ state: 'bad', score: null });
    }
    expect(of(settled, 'drip')?.reason).toBe('it does not answer in time');
    expect(of(settled, 'never')?.reason).toBe('it does not answer in time');
    expect(of(settled, 'endless')?.reason).toMatch(/sends more than 10 MB|does not answer in time/);
    expect(of(settled, 'garbage')?.reason).toBe('it answers, but not with metrics in the Prometheus text format');
    expect(settled.state).toBe('bad');
    expect(part(settled, 'reader')).toMatchObject({ state: 'ok' });

    // The good one and this machine are read step by step; a target that never gave a sample is nobody's entity.
    const { cursorMs } = readBooks(vigia.dataDir);
    await eventually('ten more steps', () => readBooks(vigia.dataDir).cursorMs >= cursorMs + 10_000, 30_000);
    const [up] = await vigia.query('min_over_time(up{target="metrics"}[10s])');
    expect(up?.value[1]).toBe('1');
    expect([...readBooks(vigia.dataDir).scored.keys()].sort()).toEqual(
      ['metrics', settled.targets.find((target) => target.managedBy === 'vigia')?.id].sort(),
    );
    expect((await vigia.status()).rssBytes).toBeLessThan(400e6);
  });

  it('a second Vigía on the same folder or port is refused with a sentence', { timeout: 60_000 }, async () => {
    const config = join(at.dir, 'vigia.yml');
    const twin = await upRefuses({ dataDir: at.dataDir, listen: `127.0.0.1:${await freePort()}` }, config);
    expect(twin).toEqual({
      exitCode: 75,
      said: `Another Vigía (pid ${(await vigia.status()).pid}) already uses the data folder ${at.dataDir}. Stop it with "vigia down --data ${at.dataDir}", or give another folder with --data DIR.`,
    });
    const [, port] = at.listen.split(':');
    const elsewhere = await upRefuses({ dataDir: join(at.dir, 'other'), listen: at.listen }, config);
    expect(elsewhere).toMatchObject({ exitCode: 69 });
    expect(elsewhere.said).toMatch(
      new RegExp(`^Port ${port} on 127.0.0.1 is already taken\\. Stop what uses it .* or give another with --listen HOST:PORT\\.$`),
    );
    // Nothing of the refused one is left running.
    expect((await vigia.status()).state).not.toBe('unknown');
  });

  it('files that were damaged by hand are made anew at the next start', { timeout: 90_000 }, async () => {
    await vigia.stop();
    const derived = globSync('{prometheus,alertmanager,node_exporter}/config/*', { cwd: at.dataDir }).sort();
    expect(derived).toEqual(
      expect.arrayContaining(['alertmanager/config/alertmanager.yml', 'node_exporter/config/web.yml', 'prometheus/config/prometheus.yml']),
    );
    const texts = () => Object.fromEntries(derived.map((name) => [name, readFileSync(join(at.dataDir, name), 'utf8')]));
    const before = texts();
    for (const name of derived) writeFileSync(join(at.dataDir, name), ': [ not what it was');
    writeFileSync(join(at.dataDir, 'running.json'), '{"pid": 1');
    // Salts of password hashes are chosen anew; everything else is as it was.
    vigia = await startVigia(at, { prometheus: { scrapeInterval: '1s' }, detection: { minimumSteps: 60 } });
    const after = texts();
    for (const name of derived) expect(after[name]).not.toBe(': [ not what it was');
    const isHashed = (name: string) => name.endsWith('web.yml');
    for (const name of derived.filter((each) => !isHashed(each))) expect(after[name]).toBe(before[name]);
    await eventually('all is well', async () => (await vigia.status()).state === 'ok');
    expect((await vigia.api<{ targets: Target[] }>('GET', '/api/targets')).targets).toHaveLength(6);
  });

  it('a damaged database is left as it is and named, with what helps', { timeout: 60_000 }, async () => {
    await vigia.stop();
    const file = join(at.dataDir, 'vigia.sqlite');
    const whole = readFileSync(file);
    const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
    const config = join(at.dir, 'vigia.yml');
    const header = Buffer.from(whole);
    header.set(randomBytes(64), 0);
    const middle = Buffer.from(whole);
    middle.set(randomBytes(4096 * 4), 4096 * 8);
    for (const damaged of [header, middle]) {
      writeFileSync(file, damaged);
      const before = digest();
      const { exitCode, said } = await upRefuses(at, config);
      expect(said).toMatch(`The database ${file} is damaged: `);
      expect(said).toMatch(`Move ${file}* to another folder; then "vigia restore FILE --data ${at.dataDir}" brings a backup back`);
      expect(exitCode).toBe(65);
      expect(digest()).toBe(before);
    }
    writeFileSync(file, whole);
    vigia = await startVigia(at, {});
    expect((await vigia.api<{ targets: Target[] }>('GET', '/api/targets')).targets).toHaveLength(6);
  });
});

describe('the command line', () => {
  it('names every wrong key and value of the configuration', { timeout: 30_000 }, async () => {
    const at = await place();
    cleanUps.push(at.remove);
    const file = join(at.dir, 'vigia.yml');
    writeFileSync(file, JSON.stringify({ promethius: {}, prometheus: { scrapeInterval: 'soon' }, detection: { trees: 3 } }));
    const { exitCode, stderr } = await run(
      {
        file: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', main, 'up', '--no-install', '--data', at.dataDir, '--config', file],
      },
      { timeoutMs: 30_000, maxBytes: 100_000 },
    );
    expect(exitCode).toBe(78);
    expect(stderr).toMatch(/3 problem\(s\) in the configuration:/);
    for (const key of ['promethius', 'prometheus.scrapeInterval', 'detection.trees']) expect(stderr).toContain(key);
  });

  it('says which folder it cannot write in, and that the port of the page is taken', { timeout: 60_000 }, async () => {
    const at = await place();
    cleanUps.push(at.remove);
    const config = join(at.dir, 'vigia.yml');
    writeFileSync(config, '{}');
    const file = join(at.dir, 'file');
    writeFileSync(file, '');
    const unwritable = await upRefuses({ dataDir: join(file, 'data'), listen: at.listen }, config);
    expect(unwritable.exitCode).toBe(73);
    expect(unwritable.said).toMatch(/^Cannot write in the data folder .*\/file\/data: (ENOTDIR|EEXIST).*Give another with --data DIR/);

    const squatter = createServer().listen(Number(at.listen.split(':')[1]), '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    cleanUps.push(() => squatter.close());
    mkdirSync(at.dataDir);
    const taken = await upRefuses(at, config);
    expect(taken.exitCode).toBe(69);
    expect(taken.said).toMatch(/is already taken\./);
  });
});

describe('an adopted source', () => {
  it('that fails, talks garbage, and works again is caught up step by step', { timeout: 240_000 }, async () => {
    const source = await startSource();
    const at = await place();
    const vigia = await startVigia(at, {
      prometheus: { scrapeInterval: '1s', source: { url: source.url, selectors: { 'linux-host': 'job="node"' } } },
      detection: { minimumSteps: 60 },
      parts: { nodeExporter: false },
    });
    cleanUps.push(source.stop, at.remove, vigia.stop);
    const reader = async () => part(await vigia.api<Overview>('GET', '/api/overview'), 'reader');
    const score = async () =>
      (await vigia.api<Overview>('GET', '/api/overview')).targets.find((target) => target.id === 'far1:9100')?.score ?? null;
    await eventually('a score', async () => (await score()) !== null, 60_000);
    const before = readBooks(vigia.dataDir);

    // What cannot be a number and what is not there at all are no opinions, and no failures.
    source.spoil(4);
    const spoiltMs = Date.now();
    source.feel('500');
    await eventually(
      'the reader says 500',
      async () => (await reader())?.reason === 'The source answered 500: the store gateway is away.',
      15_000,
    );
    expect(await reader()).toMatchObject({ state: 'unknown' });
    source.feel('garbage');
    await eventually(
      'the reader says garbage',
      async () =>
        /^The source answered something else than expected: no JSON, it begins with "<h1>Maintenance<\/h1>"\.$/.test(
          (await reader())?.reason ?? '',
        ),
      15_000,
    );
    source.feel('works');
    await eventually('the reader is well', async () => (await reader())?.state === 'ok', 15_000);
    // The source is read 30 s late: only then are spoilt steps among those that were looked at.
    await eventually('caught up', () => readBooks(vigia.dataDir).cursorMs > spoiltMs + 15_000, 90_000);

    const after = readBooks(vigia.dataDir);
    for (const [index, range] of after.ranges.entries()) if (index > 0) expect(range.fromMs).toBe(after.ranges[index - 1]?.toMs);
    const first = after.ranges[0] as { fromMs: number };
    expect(after.ranges.reduce((sum, range) => sum + range.present, 0)).toBe(source.holds(first.fromMs, after.cursorMs).present);
    const { present, scorable } = source.holds(before.cursorMs, after.cursorMs);
    expect(scorable).toBeLessThan(present);
    expect((after.scored.get('far1:9100') ?? 0) - (before.scored.get('far1:9100') ?? 0)).toBe(scorable);
  });
});
