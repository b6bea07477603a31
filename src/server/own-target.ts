import { hostname } from 'node:os';
import type { Config } from '../model/config.ts';
import type { Target } from '../model/target.ts';
import type { Store } from '../store/contract.ts';
import { freeId } from './slug.ts';

/** The machine Vigía runs on, as a target: its exporter is a child, its name the host's. */
export async function ownTarget(store: Store, config: Config, port: number, nowMs: number): Promise<Target | null> {
  const targets = await store.targets.list();
  const known = targets.find((target) => target.managedBy === 'vigia');
  if (!config.parts.nodeExporter) {
    if (known !== undefined) await store.targets.remove(known.id);
    return null;
  }
  const address = `127.0.0.1:${port}`;
  if (known !== undefined) {
    const moved = { ...known, address };
    if (known.address !== address) await store.targets.update(moved);
    return moved;
  }
  const name = hostname().split('.')[0] || 'this-host';
  const id = freeId(name, new Set(targets.map((target) => target.id)));
  const target: Target = {
    id,
    name,
    profile: 'linux-host',
    address,
    scheme: 'http',
    metricsPath: '/metrics',
    labels: {},
    enabled: true,
    managedBy: 'vigia',
    createdMs: nowMs,
  };
  await store.targets.insert(target);
  return target;
}
