import { accessSync, constants, globSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Whether the path is a file that this process may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The absolute path of a program on a search path ("/usr/bin:/bin"), or null. An absolute path is only checked. */
export function executableIn(name: string, searchPath: string): string | null {
  if (isAbsolute(name)) return isExecutable(name) ? name : null;
  for (const folder of searchPath.split(':')) {
    if (isAbsolute(folder) && isExecutable(join(folder, name))) return join(folder, name);
  }
  return null;
}

/** The last executable that a glob pattern finds, in numeric order; or null. */
export function newestMatching(pattern: string): string | null {
  const order = new Intl.Collator('en', { numeric: true });
  return globSync(pattern).toSorted(order.compare).findLast(isExecutable) ?? null;
}
