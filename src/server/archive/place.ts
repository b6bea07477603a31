import type { Place } from '../../clients/influxdb.ts';
import type { ArchiveConfig, ArchiveRule } from '../../model/archive.ts';

/** Where a rule's points lie. On 1.x each rule has a retention policy of its own, so that raw and down-sampled points stay apart. */
export function placeOf(config: Pick<ArchiveConfig, 'version' | 'database'>, rule: Pick<ArchiveRule, 'name' | 'database'>): Place {
  const database = rule.database ?? config.database;
  return config.version === 1 ? { database, retentionPolicy: `vigia_${rule.name}` } : { database };
}
