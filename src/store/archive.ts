import type { Context } from './context.ts';
import type { ArchiveStore } from './contract.ts';

export function archiveStore({ db }: Context): ArchiveStore {
  return {
    async list() {
      return db.selectFrom('archiveRule').selectAll().orderBy('rule').execute();
    },
    async advance({ rule, fromMs, toMs, written, refused, notFinite, infinite = 0, stale = 0 }) {
      if (fromMs === null) {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('archiveRule')
          .values({ rule, beganMs: toMs, cursorMs: toMs, written, refused, notFinite, infinite, stale })
          .onConflict((on) => on.column('rule').doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }
      // Compare and set in one statement, so that of two instances one wins and the other sees it.
      const { numUpdatedRows } = await db
        .updateTable('archiveRule')
        .set((it) => ({
          cursorMs: toMs,
          written: it('written', '+', written),
          refused: it('refused', '+', refused),
          notFinite: it('notFinite', '+', notFinite),
          infinite: it('infinite', '+', infinite),
          stale: it('stale', '+', stale),
        }))
        .where('rule', '=', rule)
        .where('cursorMs', '=', fromMs)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
  };
}
