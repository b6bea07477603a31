import type { Context } from './context.ts';
import type { AuditStore } from './contract.ts';

export function auditStore({ db }: Context): AuditStore {
  return {
    async add(entry) {
      await db.insertInto('audit').values(entry).execute();
    },
    async list({ limit, offset }) {
      const { total } = await db
        .selectFrom('audit')
        .select((it) => it.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const entries = await db
        .selectFrom('audit')
        .selectAll()
        .orderBy('tsMs', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .offset(offset)
        .execute();
      return { entries, total };
    },
  };
}
