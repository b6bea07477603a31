import type { Finding, ThresholdBasis } from '../model/score.ts';
import { bit, type Context, inChunks, parse } from './context.ts';
import type { FindingStore } from './contract.ts';
import type { Database } from './schema.ts';

export function findingStore({ db }: Context): FindingStore {
  return {
    async list(filter) {
      let query = db.selectFrom('finding');
      if (filter.profile !== undefined) query = query.where('profile', '=', filter.profile);
      if (filter.entity !== undefined) query = query.where('entity', '=', filter.entity);
      if (filter.fromMs !== undefined) query = query.where('tsMs', '>=', filter.fromMs);
      if (filter.toMs !== undefined) query = query.where('tsMs', '<=', filter.toMs);
      if (filter.minimumScore !== undefined) query = query.where('score', '>=', filter.minimumScore);
      const { total } = await query.select((it) => it.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      const rows = await query
        .selectAll()
        .orderBy('tsMs', 'desc')
        .orderBy('id', 'desc')
        .limit(filter.limit)
        .offset(filter.offset)
        .execute();
      return {
        findings: rows.map(({ sharesJson, late, basis, ...rest }) => ({
          ...rest,
          basis: basis as ThresholdBasis | null,
          shares: parse(sharesJson),
          late: late === 1,
        })),
        total,
      };
    },
    add: (findings) => addFindings(db, findings),
  };
}

/** Adds the findings of steps that have none yet. @returns how many were added. */
export async function addFindings(db: Database, findings: readonly Omit<Finding, 'id'>[]): Promise<number> {
  let added = 0n;
  await inChunks(findings, async (some) => {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('finding')
      .values(
        some.map(({ shares, late, basis, ...rest }) => ({
          ...rest,
          basis: basis ?? null,
          sharesJson: JSON.stringify(shares),
          late: bit(late),
        })),
      )
      .onConflict((on) => on.columns(['profile', 'entity', 'tsMs']).doNothing())
      .executeTakeFirstOrThrow();
    added += numInsertedOrUpdatedRows ?? 0n;
  });
  return Number(added);
}
