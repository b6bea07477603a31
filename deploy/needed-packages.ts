interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The part of package-lock.json (version 3) that says who needs whom. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>;
}

/**
 * The packages without which these sources do not run: those that they import, and all that these need in turn, as paths of the
 * lockfile. Node.js itself, an optional package of the root, is among them.
 */
export function neededPackages(lock: Lockfile, sources: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const path = resolve(lock, from, name);
    if (path === null || found.has(path)) return;
    found.add(path);
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = lock.packages[path] ?? {};
    const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
    for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) visit(path, next);
  };
  for (const source of sources) for (const name of importedPackages(source)) visit('', name);
  for (const name of Object.keys(lock.packages['']?.optionalDependencies ?? {})) visit('', name);
  return found;
}

/** As Node.js looks: in the node_modules of the package itself, then in those of the folders above it. */
function resolve(lock: Lockfile, from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (Object.hasOwn(lock.packages, path)) return path;
    if (folder === '') return null;
  }
}

function importedPackages(source: string): string[] {
  const names = [...source.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'".][^'"]*)['"]/g)].map(([, name]) => name ?? '');
  return names.filter((name) => !name.startsWith('node:')).map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
}
