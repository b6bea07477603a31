import { sql } from 'kysely';
import { putAlarms } from './alarms.ts';
import { atomically, bit, type Context, inChunks, parse } from './context.ts';
import type { PipelineStore, TickCommit } from './contract.ts';
import type { ThresholdBasis } from '../model/score.ts';
import { addFindings } from './findings.ts';
import { holds } from './leases.ts';
import type { BoardTableRow, Database } from './schema.ts';

const DAY_MS = 86_400_000;

export function pipelineStore({ db, now }: Context): PipelineStore {
  /** A person may set a switch before the entity's first sample: the row then waits for it. */
  async function setOfEntity(profile: string, entity: string, change: { realtime: number | null } | { thresholdOverride: number | null }) {
    const heardOf = { profile, entity, job: '', instance: '', firstSeenMs: now(), lastSeenMs: now(), scoredSteps: 0 };
    await db
      .insertInto('entity')
      .values({ ...heardOf, realtime: null, thresholdOverride: null, ...change })
      .onConflict((on) => on.columns(['profile', 'entity']).doUpdateSet(change))
      .execute();
  }

  return {
    async cursor(ledger) {
      return (await db.selectFrom('cursor').select('atMs').where('profile', '=', ledger).executeTakeFirst())?.atMs ?? null;
    },
    async cursors(ledgers) {
      if (ledgers.length === 0) return new Map();
      const rows = await db.selectFrom('cursor').selectAll().where('profile', 'in', ledgers).execute();
      return new Map(rows.map(({ profile, atMs }) => [profile, atMs]));
    },
    async placeCursors(profile, ledgers, atMs) {
      await atomically(db, async (transaction) => {
        const rows = await transaction
          .selectFrom('cursor')
          .selectAll()
          .where((it) => it.or([it('profile', '=', profile), it('profile', 'like', `${profile}/%`)]))
          .execute();
        const fromMs = rows.length === 0 ? atMs : Math.min(...rows.map((row) => row.atMs));
        await transaction
          .insertInto('cursor')
          .values(ledgers.map((ledger) => ({ profile: ledger, atMs: fromMs })))
          .onConflict((on) => on.column('profile').doNothing())
          .execute();
        const others = rows.map((row) => row.profile).filter((ledger) => !ledgers.includes(ledger));
        if (others.length > 0) await transaction.deleteFrom('cursor').where('profile', 'in', others).execute();
      });
    },
    async commitTick(tick) {
      check(tick);
      return atomically(db, async (transaction) => {
        if (tick.fence && !(await holds(transaction, tick.fence))) return false;
        if (!(await moveCursor(transaction, { ...tick, profile: tick.ledger ?? tick.profile }))) return false;
        await addRange(transaction, { ...tick, profile: tick.ledger ?? tick.profile });
        await addSeen(transaction, tick);
        await putBoard(transaction, tick);
        await addFindings(transaction, tick.findings);
        await putAlarms(transaction, tick);
        for (const mark of tick.accepted ?? [])
          await transaction
            .insertInto('mark')
            .values({ ...mark, createdMs: now() })
            .execute();
        return true;
      });
    },
    resetCursor: (ledger, fromMs, toMs) => moveCursor(db, { profile: ledger, fromMs, toMs }),
    async ranges(ledger, fromMs, toMs) {
      const rows = await db
        .selectFrom('scoredRange')
        .selectAll()
        .where('profile', '=', ledger)
        .where('toMs', '>', fromMs)
        .where('fromMs', '<', toMs)
        .orderBy('fromMs')
        .execute();
      return rows.map((row) => ({ ...row, late: row.late === 1 }));
    },
    async board(sinceMs) {
      let query = db.selectFrom('board').selectAll().orderBy('profile').orderBy('entity');
      if (sinceMs !== undefined) query = query.where('tsMs', '>=', sinceMs);
      const rows = await query.execute();
      return rows.map(({ sharesJson, ...rest }) => ({ ...rest, shares: parse(sharesJson), basis: rest.basis as ThresholdBasis | null }));
    },
    async entities(profile, names) {
      // PostgreSQL has no empty "in ()".
      if (names?.length === 0) return [];
      let query = db.selectFrom('entity').selectAll().orderBy('profile').orderBy('entity');
      if (profile !== undefined) query = query.where('profile', '=', profile);
      if (names !== undefined) query = query.where('entity', 'in', [...names]);
      return (await query.execute()).map((row) => ({ ...row, realtime: row.realtime === null ? null : row.realtime === 1 }));
    },
    setThreshold: (profile, entity, threshold) => setOfEntity(profile, entity, { thresholdOverride: threshold }),
    setEntityRealtime: (profile, entity, on) => setOfEntity(profile, entity, { realtime: on === null ? null : bit(on) }),
    async profileRealtime() {
      const rows = await db.selectFrom('profileSetting').selectAll().execute();
      return new Map(rows.map((row) => [row.profile, row.realtime === 1]));
    },
    async setProfileRealtime(profile, on) {
      await db
        .insertInto('profileSetting')
        .values({ profile, realtime: bit(on) })
        .onConflict((it) => it.column('profile').doUpdateSet({ realtime: bit(on) }))
        .execute();
    },
    async evict(beforeMs) {
      return atomically(db, async (transaction) => {
        const gone = await transaction.deleteFrom('entity').where('lastSeenMs', '<', beforeMs).returning(['profile', 'entity']).execute();
        for (const { profile, entity } of gone) {
          await transaction.deleteFrom('board').where('profile', '=', profile).where('entity', '=', entity).execute();
          await transaction.deleteFrom('model').where('profile', '=', profile).where('entity', '=', entity).execute();
          await transaction.deleteFrom('alarm').where('profile', '=', profile).where('entity', '=', entity).execute();
        }
        return gone;
      });
    },
  };
}

/** A tick that counts steps must say from where: the ledger would not be exact without. */
function check({ profile, fromMs, toMs, present, missing, seen, findings }: TickCommit): void {
  if (fromMs !== null && fromMs >= toMs) throw new RangeError(`tick of ${profile} runs backwards: ${fromMs} to ${toMs}`);
  if (fromMs === null && (present > 0 || missing > 0 || findings.length > 0 || seen.some((it) => it.scored > 0))) {
    throw new RangeError(`the tick that places the cursor of ${profile} at ${toMs} counts steps: there is no "from" to count them from`);
  }
}

/** Compare and set in one statement, so that of two instances one wins and the other sees it. */
async function moveCursor(db: Database, { profile, fromMs, toMs }: Pick<TickCommit, 'profile' | 'fromMs' | 'toMs'>): Promise<boolean> {
  if (fromMs === null) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('cursor')
      .values({ profile, atMs: toMs })
      .onConflict((on) => on.column('profile').doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await db
    .updateTable('cursor')
    .set({ atMs: toMs })
    .where('profile', '=', profile)
    .where('atMs', '=', fromMs)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** One row per day and kind of time, not per tick: the range that ends where this one begins grows by it. */
async function addRange(db: Database, { profile, fromMs, toMs, present, missing, late }: TickCommit): Promise<void> {
  if (fromMs === null) return;
  const startOfDay = Math.floor(fromMs / DAY_MS) * DAY_MS;
  const { numUpdatedRows } = await db
    .updateTable('scoredRange')
    .set((it) => ({ toMs, present: it('present', '+', present), missing: it('missing', '+', missing) }))
    .where('profile', '=', profile)
    .where('fromMs', '>=', startOfDay)
    .where('toMs', '=', fromMs)
    .where('late', '=', bit(late))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  await db
    .insertInto('scoredRange')
    .values({ profile, fromMs, toMs, present, missing, late: bit(late) })
    .execute();
}

async function addSeen(db: Database, { profile, seen }: TickCommit): Promise<void> {
  await inChunks(seen, (some) =>
    db
      .insertInto('entity')
      .values(
        some.map(({ entity, job, instance, lastSeenMs, scored }) => ({
          profile,
          entity,
          job,
          instance,
          firstSeenMs: lastSeenMs,
          lastSeenMs,
          scoredSteps: scored,
          realtime: null,
          thresholdOverride: null,
        })),
      )
      .onConflict((on) =>
        on.columns(['profile', 'entity']).doUpdateSet((it) => ({
          job: it.ref('excluded.job'),
          instance: it.ref('excluded.instance'),
          lastSeenMs: it.ref('excluded.lastSeenMs'),
          scoredSteps: sql<number>`${sql.ref('entity.scoredSteps')} + ${sql.ref('excluded.scoredSteps')}`,
        })),
      )
      .execute(),
  );
}

async function putBoard(db: Database, { board }: TickCommit): Promise<void> {
  await inChunks(board, (some) =>
    db
      .insertInto('board')
      .values(
        some.map(({ shares, basis, ...rest }): BoardTableRow => ({ ...rest, basis: basis ?? null, sharesJson: JSON.stringify(shares) })),
      )
      .onConflict((on) =>
        on.columns(['profile', 'entity']).doUpdateSet((it) => ({
          job: it.ref('excluded.job'),
          instance: it.ref('excluded.instance'),
          tsMs: it.ref('excluded.tsMs'),
          score: it.ref('excluded.score'),
          threshold: it.ref('excluded.threshold'),
          basis: it.ref('excluded.basis'),
          modelVersion: it.ref('excluded.modelVersion'),
          learningUntilMs: it.ref('excluded.learningUntilMs'),
          sharesJson: it.ref('excluded.sharesJson'),
        })),
      )
      .execute(),
  );
}
