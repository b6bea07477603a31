import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** What the compiler cannot see: layers, doors, cycles, names, sizes, and what the packages bring along. */
const root = dirname(import.meta.dirname);

/** Who may import whom. A room always knows itself. */
const layers: Readonly<Record<string, readonly string[]>> = {
  'src/model': [],
  'src/detect': [],
  'src/simulate': ['src/model', 'src/detect'],
  'src/clients': ['src/model'],
  'src/kernels': ['src/detect'],
  'src/tools': ['src/model'],
  'src/store': ['src/model'],
  dashboards: ['src/model'],
  'src/server': ['src/model', 'src/detect', 'src/simulate', 'src/clients', 'src/kernels', 'src/tools', 'src/store', 'dashboards'],
  'src/cli': ['src/model', 'src/detect', 'src/simulate', 'src/clients', 'src/kernels', 'src/tools', 'src/store', 'src/server'],
  'src/web': ['src/model', 'dashboards'],
};
/** Rooms that know no package and no module of Node.js, but for those named. */
const pure: Readonly<Record<string, readonly string[]>> = { 'src/model': ['zod'], 'src/detect': [], dashboards: [] };

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typesOnly: boolean;
  /** The file it means, where it is one of ours. */
  readonly target: string | null;
}

const product = globSync(['src/**/*.{ts,tsx}', 'dashboards/**/*.ts'], { cwd: root })
  .filter((file) => !file.endsWith('.d.ts'))
  .sort();
const tests = globSync(['test/**/*.ts', 'bench/**/*.ts'], { cwd: root }).sort();
const text = new Map([...product, ...tests].map((file) => [file, readFileSync(join(root, file), 'utf8')]));

/** Without comments, so that what they say is not taken for code. A `//` inside of a text is none: no quote may stand before it. */
const codeOf = (file: string): string => (text.get(file) ?? '').replace(/\/\*[\s\S]*?\*\//g, '').replace(/^([^'"`\n]*)\/\/.*$/gm, '$1');

const imports: readonly Import[] = product.flatMap((file) =>
  [
    ...codeOf(file).matchAll(
      /^\s*(?:import|export)\s+(?:(type)\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, type, fixed, loaded]) => {
    const from = (fixed ?? loaded) as string;
    const target = from.startsWith('.') ? relative(root, join(root, dirname(file), from)) : null;
    return { file, from, typesOnly: type !== undefined, target };
  }),
);

const roomOf = (file: string): string | undefined => Object.keys(layers).find((room) => file.startsWith(`${room}/`));
const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

describe('imports', () => {
  test('are found at all', () => {
    expect(imports.length).toBeGreaterThan(500);
    expect(
      imports.filter((each) => each.target !== null && !existsSync(join(root, each.target))).map(({ file, from }) => `${file}: ${from}`),
    ).toEqual([]);
  });

  test('never climb, and never leave the product', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === null) return false;
      const room = roomOf(file) as string;
      const other = roomOf(target);
      // A built-in list of data, as package.json is, belongs to nobody.
      if (other === undefined) return /^(test|bench|node_modules|\.\.)/.test(target) || !target.endsWith('.json');
      return other !== room && !layers[room]?.includes(other);
    });
    expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
  });

  test('of the dashboards from the model are types only: they are data', () => {
    const wrong = imports.filter(
      ({ file, target, typesOnly }) => file.startsWith('dashboards/') && target?.startsWith('src/') && !typesOnly,
    );
    expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
  });

  test('bring no package into a room that is pure, and nothing of Node.js into the page', () => {
    const wrong = imports.filter(({ file, from, target }) => {
      if (target !== null) return false;
      const room = roomOf(file) as string;
      if (room === 'src/web' && !file.endsWith('vite.config.ts') && from.startsWith('node:')) return true;
      return pure[room] !== undefined && !pure[room].includes(packageOf(from));
    });
    expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
  });

  test('name packages that package.json lists', () => {
    const { dependencies } = manifest('package.json');
    const unknown = imports.filter(
      ({ from, target }) => target === null && !from.startsWith('node:') && dependencies?.[packageOf(from)] === undefined,
    );
    expect(unknown.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
  });

  test('go round in no circle', () => {
    const edges = new Map<string, string[]>();
    for (const { file, target, typesOnly } of imports) {
      if (target !== null && !typesOnly) edges.set(file, [...(edges.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) cycles.push([...path.slice(at), file].join(' → '));
      if (at >= 0 || done.has(file)) return;
      for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of product) walk(file, []);
    expect(cycles).toEqual([]);
  });
});

describe('doors', () => {
  const users = (word: RegExp): string[] => product.filter((file) => word.test(codeOf(file)));
  const importers = (modules: RegExp, allowed: (file: string) => boolean): string[] =>
    imports.filter(({ file, from }) => modules.test(from) && !allowed(file)).map(({ file, from }) => `${file} imports ${from}`);

  test('processes are started by tools/run.ts, and by the command line that goes on in the background', () => {
    const allowed = (file: string) => file === 'src/tools/run.ts' || file.startsWith('src/cli/');
    expect(importers(/^(node:)?(child_process|cluster)$|^(execa|cross-spawn)$/, allowed)).toEqual([]);
  });

  test('connections are opened by src/clients, and by the command line that asks its own Vigía', () => {
    const allowed = (file: string) => file.startsWith('src/clients/') || file === 'src/cli/running.ts';
    expect(importers(/^(node:)?(http|https|http2|tls|dgram)$|^undici$/, allowed)).toEqual([]);
    expect(users(/\b(connect|createConnection|Socket)\b[^;]*from ['"](node:)?net['"]/)).toEqual([]);
  });

  test("the runtime's own fetch is the page's alone", () => {
    const global = product.filter((file) => {
      const code = codeOf(file);
      if (file.startsWith('src/web/')) return false;
      if (/\bglobalThis\.fetch\b|\bnew (WebSocket|EventSource)\(/.test(code)) return true;
      // A `fetch` that the file declares or is handed is not the runtime's.
      return /(?<![.\w])fetch\(/.test(code) && !/\b(const|let) fetch\b|\bfetch\s*[:}]|[{,]\s*fetch\s*,/.test(code);
    });
    expect(global).toEqual([]);
  });

  test('no shell, and no code made from text', () => {
    expect(users(/\beval\(|\bnew Function\(|\bshell:\s*true|['"](\/bin\/)?(ba)?sh['"],\s*\[?['"]-c/)).toEqual([]);
  });
});

describe('names and sizes', () => {
  const files = [...product, ...tests, ...globSync(['src/**/*.css'], { cwd: root })];

  test('folders are at most three deep', () => {
    const deep = files.filter(
      (file) =>
        dirname(file)
          .replace(/^src\//, '')
          .split('/').length > 3,
    );
    expect(deep).toEqual([]);
  });

  test('no file or folder is a drawer for everything', () => {
    const drawer = /^(utils?|commons?|helpers?|libs?|misc|shared)$/i;
    const wrong = files.filter((file) => file.split('/').some((part) => drawer.test(basename(part).replace(/\.\w+$/, ''))));
    expect(wrong).toEqual([]);
  });

  test('only two rooms have a barrel', () => {
    const isBarrel = (file: string): boolean => {
      if (/^index\.tsx?$/.test(basename(file))) return true;
      const statements = codeOf(file)
        .split(';')
        .map((each) => each.trim());
      return statements.some(Boolean) && statements.every((each) => each === '' || /^export\b[\s\S]*\sfrom\s+['"][^'"]+['"]$/.test(each));
    };
    expect(product.filter(isBarrel)).toEqual(['dashboards/index.ts', 'src/detect/index.ts']);
  });

  test('no file has more than 400 lines', () => {
    const long = files
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

interface Manifest {
  readonly license?: string | { readonly type: string };
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly scripts?: Record<string, string>;
}
const manifest = (file: string): Manifest => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;

describe('packages', () => {
  const own = manifest('package.json');
  const direct = Object.entries({ ...own.dependencies, ...own.devDependencies, ...own.optionalDependencies });
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { license?: string; hasInstallScript?: boolean; resolved?: string }>;
  };
  const locked = Object.entries(lock.packages).filter(([path]) => path !== '');
  /** Packages for other machines are in the lockfile only. */
  const installed = locked.map(([path, { license }]) => {
    const file = `${path}/package.json`;
    return { path, license, manifest: existsSync(join(root, file)) ? manifest(file) : null };
  });

  test('are pinned exactly', () => {
    expect(direct.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test('have licences that a product under Apache-2.0 may use', () => {
    const allowed = /^(MIT|MIT-0|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|BlueOak-1\.0\.0|MPL-2\.0|Unlicense|CC0-1\.0)$/;
    // "A OR B" is our choice; "A AND B" is not.
    const mayUse = (licence: string): boolean =>
      licence
        .replace(/[()]/g, '')
        .split(' OR ')
        .some((each) => allowed.test(each));
    const wrong = installed
      .map(({ path, license, manifest }) => {
        const said = manifest === null ? license : manifest.license;
        return { path, licence: typeof said === 'object' ? said.type : (said ?? 'none') };
      })
      .filter(({ licence }) => !mayUse(licence));
    expect(installed.length).toBeGreaterThan(direct.length);
    expect(wrong).toEqual([]);
  });

  test('run nothing when they are installed', () => {
    expect(locked.filter(([, each]) => each.hasInstallScript === true).map(([path]) => path)).toEqual([]);
    const scripts = installed.filter(({ manifest }) =>
      ['preinstall', 'install', 'postinstall'].some((name) => manifest?.scripts?.[name] !== undefined),
    );
    expect(scripts.map(({ path }) => path)).toEqual([]);
  });

  test('come from whatever registry npm is set to: the lockfile names none', () => {
    expect(locked.filter(([, each]) => each.resolved !== undefined).map(([path]) => path)).toEqual([]);
  });
});
