import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generatedDocs } from '../../src/cli/docs.ts';
import { errorTable } from '../../src/model/errors.ts';
import { featureSchema, profileSchema } from '../../src/model/profile.ts';

/** Documents say what is there. Those made from code are written anew by `npm run docs`. */
const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const documents = [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })].sort();
const rewrite = process.env['VIGIA_REWRITE'] === '1';

test.each(Object.entries(generatedDocs()))('%s is in step with the code', (file, text) => {
  expect(read(file)).toBe(text);
});

describe('the table of errors', () => {
  const sources = globSync('src/**/*.{ts,tsx}', { cwd: root }).filter((file) => file !== 'src/model/errors.ts');
  const codes = sources.flatMap((file) =>
    [...read(file).matchAll(/\b(?:VigiaError|sentence)\(\s*([^,)]+)/g)].map(([, first]) => first ?? ''),
  );
  const thrown = new Set(
    codes.flatMap((first) => [...first.replace(/===? '[^']*'/g, '').matchAll(/'([a-z-]+)'/g)].map(([, code]) => code ?? '')),
  );

  test('has no row that nobody throws', () => {
    expect(Object.keys(errorTable).filter((code) => !thrown.has(code))).toEqual([]);
  });

  test('has a row for all that is thrown', () => {
    expect([...thrown].filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  });

  test('fills every sentence: no thrower forgets a parameter', () => {
    const forgotten = sources.flatMap((file) =>
      [...read(file).matchAll(/new VigiaError\('([a-z-]+)'(?:, \{([^{}]*)\})?/g)].flatMap(([whole, code = '', given]) => {
        // Parameters made elsewhere, or with braces of their own, cannot be read from the text.
        if (given === undefined && !whole.endsWith("'")) return [];
        const { sentence } = errorTable[code as keyof typeof errorTable];
        const wanted = [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
        return given === undefined || given.includes('...')
          ? []
          : wanted.filter((name) => !new RegExp(`\\b${name}\\b`).test(given)).map((name) => `${file}: ${code} without ${name}`);
      }),
    );
    expect(forgotten).toEqual([]);
  });
});

describe('links', () => {
  const links = documents.flatMap((file) =>
    [
      ...read(file)
        .replace(/```[\s\S]*?```/g, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, to]) => ({ file, to: to ?? '' })),
  );
  /** The anchor of a heading, as forges make it. */
  const anchors = (file: string): string[] =>
    [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  test('to other files and headings lead somewhere', () => {
    const dead = links.filter(({ file, to }) => {
      if (/^[a-z]+:/.test(to)) return !/^(https|mailto):/.test(to);
      const [path = '', anchor] = to.split('#');
      const target = path === '' ? file : resolve('/', dirname(file), path).slice(1);
      return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
    expect(links.length).toBeGreaterThan(15);
    expect(dead).toEqual([]);
  });
});

describe('docs/walk.md', () => {
  const walk = read('docs/walk.md');
  const named = new Set([...walk.matchAll(/`((?:src|profiles|dashboards|test)\/[\w./-]+|vigia)`/g)].map(([, path]) => path ?? ''));

  test('names only what exists', () => {
    expect([...named].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('leaves out no file of the server, the command line and the detectors', () => {
    const files = globSync(['src/server/**/*.ts', 'src/cli/*.ts', 'src/detect/**/*.ts'], { cwd: root });
    expect(files.filter((file) => !named.has(file)).sort()).toEqual([]);
  });
});

describe('docs/profiles.md', () => {
  const text = read('docs/profiles.md');

  test('names every profile with all its features', () => {
    for (const file of globSync('profiles/*.yml', { cwd: root })) {
      const profile = profileSchema.parse(parse(read(file)));
      const row = text.split('\n').find((line) => line.startsWith(`| \`${profile.slug}\` |`)) ?? '';
      expect(profile.features.map(({ name }) => name).filter((name) => !row.includes(`\`${name}\``))).toEqual([]);
    }
  });

  test('explains every key, and no other', () => {
    const explained = (title: string): string[] => {
      const section = text.slice(text.indexOf(`## ${title}`)).split('\n## ')[0] ?? '';
      return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key ?? '');
    };
    expect(explained('Keys of a profile').sort()).toEqual(Object.keys(profileSchema.shape).sort());
    expect(explained('Keys of a feature').sort()).toEqual(Object.keys(featureSchema.shape).sort());
  });

  test('has an example that is a profile', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
    expect(profileSchema.parse(parse(example)).slug).toBe('ups');
  });
});

test('docs/archive.md has an example that is a configuration, and names every metric', async () => {
  const { archiveSchema } = await import('../../src/model/archive.ts');
  const { archiveMetrics } = await import('../../src/server/archive/metrics.ts');
  const text = read('docs/archive.md');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  const { archive } = parse(example) as { archive: Record<string, unknown> };
  const { tokenFile, ...rest } = archive;
  const { rules } = archiveSchema.parse({ ...rest, token: tokenFile });
  expect(rules.length).toBe(2);
  const counts = {
    keepMs: 1,
    beganMs: 1,
    untilMs: 1,
    lagMs: 1,
    points: 1,
    refused: 1,
    refusal: '',
    notFinite: 1,
    infinite: 1,
    stale: 1,
    error: '',
  };
  const metrics = archiveMetrics({ configured: true, url: '', rules: [{ name: 'a', match: 'up', every: 'raw', ...counts }] });
  expect([...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('every detector has its page', async () => {
  const { detectors } = await import('../../src/detect/index.ts');
  expect(globSync('docs/detectors/*.md', { cwd: root }).sort()).toEqual(
    [...detectors.keys()].map((slug) => `docs/detectors/${slug}.md`).sort(),
  );
});

describe('README.md', () => {
  const readme = read('README.md');
  const help = execFileSync(process.execPath, [join(root, 'src/cli/main.ts'), '--help'], { encoding: 'utf8' });
  const usages = help.split('\n').filter((line) => /^ {2}vigia [a-z]/.test(line));

  test('lists the commands as the help does', () => {
    const block = [...readme.matchAll(/```text\n([\s\S]*?)```/g)]
      .map(([, lines]) => (lines ?? '').trimEnd().split('\n'))
      .find(([first]) => first?.startsWith('  vigia'));
    expect(usages.length).toBeGreaterThan(5);
    expect(block).toEqual(usages);
  });

  test('and every other document speak of commands that exist', () => {
    const known = new Set(usages.map((line) => line.trim().split(' ')[1]));
    const spoken = documents.flatMap((file) =>
      [...read(file).matchAll(/`(?:\.\/)?vigia ([a-z]+)[ `]/g)].map(([, command]) => ({ file, command })),
    );
    expect(spoken.filter(({ command }) => !known.has(command))).toEqual([]);
  });

  test('shows a picture that loads quickly', { timeout: 120_000 }, async () => {
    const file = join(root, 'docs/overview.png');
    if (rewrite) await (await import('./picture.ts')).makePicture(file);
    const png = readFileSync(file);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(1280);
    expect(statSync(file).size).toBeLessThan(200_000);
  });

  test('configures receivers as the schema wants them', async () => {
    const { receiverSchema } = await import('../../src/model/receiver.ts');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
    const { alerts } = parse(example) as { alerts: { receivers: Record<string, unknown>[] } };
    for (const { botTokenFile, ...receiver } of alerts.receivers) {
      const filled = botTokenFile === undefined ? receiver : { ...receiver, botToken: 'read from the file' };
      expect(receiverSchema.safeParse(filled).error?.issues ?? []).toEqual([]);
    }
  });
});

describe('docs/parity.md', () => {
  const rows = [...read('docs/parity.md').matchAll(/^\| ([PD]\d\d) \| (.+?) \| (.+?) \| (.*?) ?\|$/gm)].map(
    ([, id = '', item = '', state = '', where = '']) => ({
      id,
      item,
      state,
      where,
    }),
  );

  test('has each item once, with a state', () => {
    const ids = (letter: string, count: number) => Array.from({ length: count }, (_, at) => `${letter}${String(at + 1).padStart(2, '0')}`);
    expect(rows.map(({ id }) => id)).toEqual([...ids('P', 45), ...ids('D', 23)]);
    expect(rows.filter(({ state }) => !['done', 'partly', 'not yet'].includes(state))).toEqual([]);
  });

  test('says where, for all that is done or partly so', () => {
    expect(rows.filter(({ state, where }) => state !== 'not yet' && where === '').map(({ id }) => id)).toEqual([]);
  });

  test('names files that exist and tests that are in them', () => {
    const wrong = rows.flatMap(({ id, where }) =>
      [...where.matchAll(/`((?:src|test|profiles|dashboards)\/[\w./-]+)`(?: "([^"]+)")?/g)].flatMap(([, file = '', title]) => {
        if (!existsSync(join(root, file))) return [`${id}: there is no ${file}`];
        return title === undefined || read(file).includes(title) ? [] : [`${id}: "${title}" is not in ${file}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});
