import { createServer } from 'node:net';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Loopback ports of the children and of the internal listener, kept in the data folder so that addresses stay the same. */
export async function choosePorts<Name extends string>(dir: string, names: readonly Name[]): Promise<Record<Name, number>> {
  const file = join(dir, 'ports.json');
  const kept = readKept(file);
  const chosen: Record<string, number> = {};
  for (const name of names) {
    const before = kept[name];
    chosen[name] = before !== undefined && (await isFree(before)) ? before : await freePort(new Set(Object.values(chosen)));
  }
  writeFileSync(`${file}.new`, `${JSON.stringify(chosen)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return chosen as Record<Name, number>;
}

function readKept(file: string): Record<string, number> {
  if (!existsSync(file)) return {};
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof kept !== 'object' || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, port]) => Number.isInteger(port) && port > 1023 && port < 65_536)) as Record<
      string,
      number
    >;
  } catch {
    // A cut file is worth no more than a missing one: ports are chosen anew.
    return {};
  }
}

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port !== null && !taken.has(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== null;
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
