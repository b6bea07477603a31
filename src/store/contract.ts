import type { Account, AccountInput, ApiToken, Audit, Preferences, Role, Scope } from '../model/account.ts';
import type { Alert, Incident, IncidentEvent, IncidentSummary, Silence } from '../model/incident.ts';
import type { Mark } from '../model/mark.ts';
import type { Receiver } from '../model/receiver.ts';
import type { BoardRow, Finding, ModelInfo } from '../model/score.ts';
import type { Target } from '../model/target.ts';

export type StoreKind = 'sqlite' | 'postgresql';

/** A session that nobody used for this long has ended. */
export const SESSION_IDLE_MS = 7 * 86_400_000;

/** Everything Vigía keeps. One implementation (Kysely) for SQLite and PostgreSQL; all times are Unix milliseconds. */
export interface Store {
  readonly kind: StoreKind;
  readonly targets: TargetStore;
  readonly pipeline: PipelineStore;
  readonly models: ModelStore;
  readonly findings: FindingStore;
  readonly incidents: IncidentStore;
  readonly silences: SilenceStore;
  readonly settings: SettingStore;
  readonly accounts: AccountStore;
  readonly audit: AuditStore;
  readonly archive: ArchiveStore;
  /** Null on SQLite, which serves one instance. */
  readonly leases: LeaseStore | null;
  readonly alarms: AlarmStore;
  readonly marks: MarkStore;
  /** Removes what is older than the given times, and sessions that had ended by `sessionsMs`; answers how many rows went, by table. */
  prune(before: {
    incidentsMs: number;
    findingsMs: number;
    auditMs: number;
    rangesMs: number;
    sessionsMs: number;
  }): Promise<Record<string, number>>;
  /** Bytes of the database, and rows by table. */
  sizes(): Promise<{ bytes: number; rows: Record<string, number> }>;
  /**
   * A consistent copy of the whole state, portable between SQLite and PostgreSQL: `write` gets one line of JSON at a time,
   * without its newline. It holds the secrets of receivers and hashes of passwords; sessions are left out.
   */
  dump(write: (line: string) => Promise<void>): Promise<void>;
  /**
   * Replaces the whole state, in one transaction, by what `dump` wrote, also under an older schema; everybody is signed out.
   * `name` stands in the messages. @throws VigiaError `backup-invalid`, `data-newer`; all is as it was then.
   */
  load(lines: AsyncIterable<string>, name?: string): Promise<void>;
  close(): Promise<void>;
}

export interface TargetStore {
  list(): Promise<Target[]>;
  get(id: string): Promise<Target | null>;
  /** @throws VigiaError `conflict` when the id or profile + address exists already. */
  insert(target: Target): Promise<void>;
  /** @throws VigiaError `not-found`. */
  update(target: Target): Promise<void>;
  remove(id: string): Promise<boolean>;
}

/** One ledger's committed stretch of time: each aligned step in (fromMs, toMs] was looked at exactly once. */
export interface ScoredRange {
  /** The ledger: the profile, or a share of its entities where several instances share them. */
  readonly profile: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Entity-steps with a real sample (scored, or looked at while learning), and those without. */
  readonly present: number;
  readonly missing: number;
  readonly late: boolean;
}

export interface EntityRow {
  readonly profile: string;
  readonly entity: string;
  /** Empty until it is seen, when a person set one of its switches before. */
  readonly job: string;
  readonly instance: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Entity-steps scored so far; the proof that each step was scored once. */
  readonly scoredSteps: number;
  /** Null follows the profile's switch. */
  readonly realtime: boolean | null;
  readonly thresholdOverride: number | null;
}

/** What one tick changes; committed in one transaction, or not at all. */
export interface TickCommit {
  readonly profile: string;
  /** Where the cursor and the ranges are kept when the tick is about a share of the profile's entities; the profile otherwise. */
  readonly ledger?: string;
  /** Nothing is written when this lease is no longer held. */
  readonly fence?: Fence | null;
  /**
   * The cursor must still be here, else nothing is written (two instances, a replayed tick). Null: no cursor yet; such a
   * tick places it at `toMs` and counts no step (present, missing and scored are 0, no findings).
   */
  readonly fromMs: number | null;
  readonly toMs: number;
  readonly present: number;
  readonly missing: number;
  readonly late: boolean;
  readonly board: readonly BoardRow[];
  readonly seen: readonly { entity: string; job: string; instance: string; lastSeenMs: number; scored: number }[];
  readonly findings: readonly Omit<Finding, 'id'>[];
  /** The alarms of the entities that were looked at, as they stand at `toMs`. */
  readonly alarms?: readonly AlarmRow[];
  /** Level shifts that were accepted in this tick. */
  readonly accepted?: readonly Omit<Mark, 'id' | 'createdMs'>[];
  /** Wishes that the alarms have heard of. */
  readonly heard?: readonly AlarmWish[];
}

/** The alarm of one entity, so that a restart changes nothing. */
export interface AlarmRow {
  readonly entity: string;
  /** The last step that it knows. */
  readonly tsMs: number;
  /** Since when it is open; null while it is not. */
  readonly sinceMs: number | null;
  /** What it was made with; under other settings it begins anew. */
  readonly settings: string;
  readonly state: Uint8Array;
}

/** A person accepts the level of an open alarm. */
export interface AlarmWish {
  readonly entity: string;
  readonly by: string;
  readonly atMs: number;
}

export interface AlarmStore {
  list(profile: string): Promise<AlarmRow[]>;
  /** Since when an entity's alarm is open, where its level can still be accepted; null otherwise. */
  openSince(profile: string, entity: string): Promise<number | null>;
  /** The next tick hears of it. @returns false where no alarm is open, or its level was accepted already. */
  wish(profile: string, wish: AlarmWish): Promise<boolean>;
  wishes(profile: string): Promise<AlarmWish[]>;
}

export interface MarkStore {
  /** Newest first. `entity` chooses its own and those of its whole profile; `fromMs` and `toMs` those that overlap the time between. */
  list(filter: { profile?: string; entity?: string; fromMs?: number; toMs?: number }): Promise<Mark[]>;
  get(id: number): Promise<Mark | null>;
  add(mark: Omit<Mark, 'id' | 'createdMs'>): Promise<Mark>;
  /** All of them or none, made in the same moment. */
  addAll(marks: readonly Omit<Mark, 'id' | 'createdMs'>[]): Promise<Mark[]>;
  /** Those that have no end, or a later one, end then. */
  end(ids: readonly number[], toMs: number): Promise<void>;
  remove(id: number): Promise<boolean>;
}

/** A lease as it was given: whoever holds it later has a higher token. */
export interface Fence {
  readonly slot: string;
  readonly holder: string;
  readonly token: number;
}

/** What several instances on one database share. Each method is one transaction; times are of the database's clock. */
export interface LeaseStore {
  /**
   * Renews what `instance` holds for `ttlMs`, gives back what is more than its even share of each kind of slot (`entities/3` is
   * of the kind `entities`), and takes what is free or has expired up to that share. @returns what it holds now, and how many
   * instances live.
   */
  round(asked: { instance: string; slots: readonly string[]; ttlMs: number }): Promise<{ held: readonly Fence[]; instances: number }>;
  /** Gives everything back at once. */
  leave(instance: string): Promise<void>;
  /** What is held, with the time that is left; negative when it has expired and nobody took it yet. */
  list(): Promise<(Fence & { leftMs: number })[]>;
}

export interface PipelineStore {
  cursor(ledger: string): Promise<number | null>;
  /** Of those that have one. */
  cursors(ledgers: readonly string[]): Promise<Map<string, number>>;
  /**
   * Gives each of the profile's `ledgers` its cursor: where the profile had others (one instance became several, or several
   * one), they go on where the slowest of those stood; else they begin at `atMs`.
   */
  placeCursors(profile: string, ledgers: readonly string[], atMs: number): Promise<void>;
  /**
   * One transaction. @returns false when the cursor was no longer at `fromMs`, or the lease is lost; nothing was written then.
   * @throws RangeError for a tick that runs backwards, or counts steps without a `fromMs`.
   */
  commitTick(tick: TickCommit): Promise<boolean>;
  /** After a clock that was wrong: the cursor goes from `fromMs` to `toMs` without a word about the time between. */
  resetCursor(ledger: string, fromMs: number, toMs: number): Promise<boolean>;
  /** Ranges that overlap (fromMs, toMs], in order; adjacent ticks of a day are one range. */
  ranges(ledger: string, fromMs: number, toMs: number): Promise<ScoredRange[]>;
  /** Rows of `sinceMs` and later; all of them without it. */
  board(sinceMs?: number): Promise<BoardRow[]>;
  /** Of one profile, of these names, or all. */
  entities(profile?: string, names?: readonly string[]): Promise<EntityRow[]>;
  setThreshold(profile: string, entity: string, threshold: number | null): Promise<void>;
  /** Null follows the profile. The entity need not have been seen yet. */
  setEntityRealtime(profile: string, entity: string, on: boolean | null): Promise<void>;
  profileRealtime(): Promise<Map<string, boolean>>;
  setProfileRealtime(profile: string, on: boolean): Promise<void>;
  /** Forgets entities (with board row, models) unseen since before. @returns their keys. */
  evict(beforeMs: number): Promise<{ profile: string; entity: string }[]>;
}

export interface ModelStore {
  /** Saves a new version and retires the active one; older retired ones beyond `keep` are removed. */
  save(
    model: Omit<ModelInfo, 'id' | 'version' | 'bytes' | 'sha256' | 'state' | 'pinned'>,
    buffer: Uint8Array,
    keep: number,
  ): Promise<ModelInfo>;
  /**
   * What a streaming model learned since, in place of the buffer of its version.
   * @returns null when that version is no longer active, or was saved later than this: nothing was written then.
   */
  checkpoint(id: number, learned: { trainedToMs: number; steps: number }, buffer: Uint8Array): Promise<ModelInfo | null>;
  version(profile: string, entity: string, version: number): Promise<{ info: ModelInfo; buffer: Uint8Array } | null>;
  /** Makes a version the active one and pins it. @throws VigiaError `not-found` when it is not there, or is corrupt. */
  activate(profile: string, entity: string, version: number): Promise<ModelInfo>;
  /** The version in force of each entity of a profile. */
  activeVersions(profile: string): Promise<Map<string, number>>;
  /** The active model with its buffer; the caller checks `sha256`. */
  active(profile: string, entity: string): Promise<{ info: ModelInfo; buffer: Uint8Array } | null>;
  markCorrupt(id: number, reason: string): Promise<void>;
  list(filter: { profile?: string; entity?: string; state?: ModelInfo['state'] }): Promise<ModelInfo[]>;
}

export interface FindingStore {
  /** Newest first. */
  list(filter: {
    profile?: string;
    entity?: string;
    fromMs?: number;
    toMs?: number;
    minimumScore?: number;
    limit: number;
    offset: number;
  }): Promise<{ findings: Finding[]; total: number }>;
  /** Adds those not there yet, by (profile, entity, tsMs). @returns how many were added. */
  add(findings: readonly Omit<Finding, 'id'>[]): Promise<number>;
}

export interface IncidentStore {
  list(filter: {
    state?: 'open' | 'closed' | 'unknown';
    entity?: string;
    kinds?: readonly string[];
    limit: number;
    offset: number;
  }): Promise<{ incidents: IncidentSummary[]; total: number }>;
  get(id: number): Promise<Incident | null>;
  /** Incidents of a profile that are over, opened before a time, that features carried; with their shares, newest first. */
  carried(filter: { profile: string; beforeMs: number; limit: number }): Promise<(IncidentSummary & Pick<Incident, 'shares'>)[]>;
  /** The incident of an entity that is not closed. */
  openOf(profile: string, entity: string): Promise<Incident | null>;
  /** @throws VigiaError `conflict` when the entity has one that is not closed. */
  insert(incident: Omit<Incident, 'id' | 'alerts' | 'timeline'>): Promise<number>;
  /** @throws VigiaError `not-found`. */
  update(id: number, change: Partial<Omit<Incident, 'id' | 'alerts' | 'timeline'>>): Promise<void>;
  addEvent(id: number, event: IncidentEvent): Promise<void>;
  /** Inserts or updates by (fingerprint, startsMs). `incidentId` ties it to an incident. */
  upsertAlert(alert: Alert, incidentId: number): Promise<void>;
  /** Alerts that are not resolved, with their incident. */
  liveAlerts(): Promise<{ alert: Alert; incidentId: number }[]>;
  alerts(filter: { entity?: string; profile?: string; limit: number }): Promise<Alert[]>;
  /** Several changes, all or none. `work` uses only the store it is given: on SQLite any other would wait for its end, for ever. */
  transaction<T>(work: (incidents: IncidentStore) => Promise<T>): Promise<T>;
}

export interface SilenceStore {
  list(): Promise<Silence[]>;
  save(silence: Silence): Promise<void>;
  remove(id: string): Promise<boolean>;
}

export interface SettingStore {
  /** Undefined when it was never set. */
  get(key: string): Promise<unknown>;
  /** Any JSON value; undefined forgets it. */
  set(key: string, value: unknown): Promise<void>;
  receivers(): Promise<Receiver[]>;
  saveReceiver(receiver: Receiver): Promise<void>;
  removeReceiver(name: string): Promise<boolean>;
}

/** Who asks: a person, an API token, or (`machine`) Vigía's own Prometheus and Alertmanager. */
export interface Principal {
  readonly kind: 'account' | 'token' | 'machine';
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly account: Account | null;
}

/** Passwords are argon2id hashes; session ids and tokens are stored as SHA-256 only. */
export interface AccountStore {
  count(): Promise<number>;
  list(): Promise<Account[]>;
  get(id: number): Promise<Account | null>;
  /** @throws VigiaError `conflict` when the e-mail exists. */
  insert(input: AccountInput, passwordHash: string, createdMs: number): Promise<Account>;
  /** The very first account, only while there is none. @returns null when there is one already. */
  insertFirst(input: AccountInput, passwordHash: string, createdMs: number): Promise<Account | null>;
  /** Ends the account's sessions when role, scope, disabled or password change. The last enabled administrator cannot be lost: `conflict`. */
  update(id: number, input: AccountInput, passwordHash: string | null): Promise<Account>;
  /** @throws VigiaError `conflict` for the last enabled administrator. */
  remove(id: number): Promise<boolean>;
  setPreferences(id: number, preferences: Preferences): Promise<void>;
  passwordHash(email: string): Promise<{ account: Account; passwordHash: string } | null>;
  addSession(session: { idHash: string; accountId: number; createdMs: number; expiresMs: number; address: string }): Promise<void>;
  /** Null when it ended (absolute or idle), or its account is disabled. */
  session(idHash: string, nowMs: number): Promise<Principal | null>;
  removeSession(idHash: string): Promise<void>;
  removeSessionsOf(accountId: number): Promise<void>;
  /** @throws VigiaError `conflict` when the name exists. */
  addToken(token: {
    name: string;
    role: Role;
    scope: Scope;
    tokenHash: string;
    createdMs: number;
    expiresMs: number | null;
  }): Promise<ApiToken>;
  token(tokenHash: string, nowMs: number): Promise<Principal | null>;
  tokens(): Promise<ApiToken[]>;
  removeToken(id: number): Promise<boolean>;
}

export interface AuditStore {
  add(entry: Omit<Audit, 'id'>): Promise<void>;
  list(filter: { limit: number; offset: number }): Promise<{ entries: Audit[]; total: number }>;
}

/** How far a rule of the archive is: all samples until `cursorMs` were written, refused, or no finite number. */
export interface ArchiveRow {
  readonly rule: string;
  readonly beganMs: number;
  readonly cursorMs: number;
  readonly written: number;
  readonly refused: number;
  readonly notFinite: number;
  /** Of those that are not finite. */
  readonly infinite: number;
  /** Stale markers. */
  readonly stale: number;
}

export interface ArchiveStore {
  list(): Promise<ArchiveRow[]>;
  /**
   * Moves a rule's cursor from `fromMs` (null: it has none yet) to `toMs` and adds to its counts.
   * @returns false when the cursor was no longer at `fromMs`; nothing was written then.
   */
  advance(piece: {
    rule: string;
    fromMs: number | null;
    toMs: number;
    written: number;
    refused: number;
    notFinite: number;
    infinite?: number;
    stale?: number;
  }): Promise<boolean>;
}
