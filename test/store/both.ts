import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import { openStore, type StoreLocation, type StoreOptions } from '../../src/store/open.ts';
import { type Postgresql, startPostgresql } from './postgresql.ts';

export const NOW = Date.UTC(2026, 0, 15, 12);

/** Makes empty databases of one kind, and stores on them; all are closed and removed in the end. */
export interface Bench {
  readonly kind: Store['kind'];
  place(): Promise<StoreLocation>;
  open(place?: StoreLocation, options?: Partial<StoreOptions>): Promise<Store>;
}

/** The same tests on a real SQLite file and on a real PostgreSQL. */
export function onBoth(name: string, tests: (bench: Bench) => void): void {
  for (const kind of ['sqlite', 'postgresql'] as const) {
    describe(`${name} on ${kind}`, () => tests(bench(kind)));
  }
}

/** For use inside a `describe`: it registers its own set-up and clean-up. */
export function bench(kind: Store['kind']): Bench {
  const stores: Store[] = [];
  let postgresql: Postgresql | null = null;
  let dir = '';
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'vigia-store-'));
    if (kind === 'postgresql') postgresql = await startPostgresql();
  }, 60_000);
  afterAll(async () => {
    for (const store of stores) await store.close().catch(() => {});
    await postgresql?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);
  const place = async (): Promise<StoreLocation> =>
    postgresql === null ? { file: join(mkdtempSync(join(dir, 'db-')), 'vigia.db') } : { url: await postgresql.url() };
  return {
    kind,
    place,
    async open(at, options) {
      const store = await openStore(at ?? (await place()), { now: () => NOW, ...options });
      stores.push(store);
      return store;
    },
  };
}
