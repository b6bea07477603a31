import type { Generated, Kysely } from 'kysely';
import type { Mark } from '../model/mark.ts';
import type { AlarmRow, ArchiveRow } from './contract.ts';

/**
 * The tables, as code sees them: camelCase here, snake_case in the database (CamelCaseNames). Times are Unix
 * milliseconds, switches 0 or 1, `…Json` columns JSON as text, so that one schema serves SQLite and PostgreSQL.
 */
export interface Tables {
  target: TargetRow;
  cursor: { profile: string; atMs: number };
  scoredRange: ScoredRangeRow;
  entity: EntityTableRow;
  board: BoardTableRow;
  profileSetting: { profile: string; realtime: number };
  model: ModelRow;
  finding: FindingRow;
  incident: IncidentRow;
  incidentEvent: { id: Generated<number>; incidentId: number; tsMs: number; kind: string; text: string; by: string | null };
  alert: AlertRow;
  silence: { id: string; matchersJson: string; startsMs: number; endsMs: number; createdBy: string; comment: string };
  setting: { key: string; valueJson: string };
  receiver: { name: string; bodyJson: string };
  account: AccountRow;
  session: SessionRow;
  token: TokenRow;
  archiveRule: ArchiveRow;
  lease: { slot: string; holder: string; token: number; expiresMs: number };
  alarm: AlarmTableRow;
  mark: Omit<Mark, 'id' | 'kind'> & { id: Generated<number>; kind: string };
  audit: { id: Generated<number>; tsMs: number; who: string; address: string; action: string; subject: string; detail: string };
}

/** A connection, or a transaction: sub-stores do not care which. */
export type Database = Kysely<Tables>;

export interface TargetRow {
  id: string;
  name: string;
  profile: string;
  address: string;
  scheme: string;
  metricsPath: string;
  labelsJson: string;
  enabled: number;
  managedBy: string;
  createdMs: number;
}

export interface ScoredRangeRow {
  profile: string;
  fromMs: number;
  toMs: number;
  present: number;
  missing: number;
  late: number;
}

export interface EntityTableRow {
  profile: string;
  entity: string;
  job: string;
  instance: string;
  firstSeenMs: number;
  lastSeenMs: number;
  scoredSteps: number;
  realtime: number | null;
  thresholdOverride: number | null;
}

export interface BoardTableRow {
  profile: string;
  entity: string;
  job: string;
  instance: string;
  tsMs: number;
  score: number | null;
  threshold: number | null;
  modelVersion: number | null;
  learningUntilMs: number | null;
  sharesJson: string;
  basis: string | null;
}

export interface AlarmTableRow extends AlarmRow {
  profile: string;
  /** When and by whom its level was accepted; null once the alarm has heard of it. */
  wishMs: number | null;
  wishBy: string | null;
}

export interface ModelRow {
  id: Generated<number>;
  profile: string;
  entity: string;
  version: number;
  detector: string;
  profileVersion: number;
  createdMs: number;
  trainedFromMs: number;
  trainedToMs: number;
  steps: number;
  bytes: number;
  sha256: string;
  state: string;
  /** Why it was set aside; empty otherwise. */
  reason: string;
  buffer: Uint8Array;
  dataSha256: string;
  optionsJson: string;
  pinned: number;
}

export interface FindingRow {
  id: Generated<number>;
  profile: string;
  entity: string;
  tsMs: number;
  score: number;
  threshold: number;
  sharesJson: string;
  modelVersion: number;
  late: number;
  basis: string | null;
}

export interface IncidentRow {
  id: Generated<number>;
  entity: string;
  profile: string;
  kind: string;
  name: string;
  severity: string;
  state: string;
  title: string;
  openedMs: number;
  closedMs: number | null;
  topJson: string;
  peakScore: number | null;
  threshold: number | null;
  sharesJson: string;
  basis: string | null;
}

export interface AlertRow {
  fingerprint: string;
  startsMs: number;
  incidentId: number;
  name: string;
  severity: string;
  entity: string;
  profile: string;
  labelsJson: string;
  annotationsJson: string;
  endsMs: number | null;
  state: string;
  silenced: number;
}

export interface AccountRow {
  id: Generated<number>;
  name: string;
  email: string;
  role: string;
  hosts: number;
  containers: number;
  disabled: number;
  createdMs: number;
  preferencesJson: string;
  passwordHash: string;
}

export interface SessionRow {
  idHash: string;
  accountId: number;
  createdMs: number;
  expiresMs: number;
  lastUsedMs: number;
  address: string;
}

export interface TokenRow {
  id: Generated<number>;
  name: string;
  role: string;
  hosts: number;
  containers: number;
  tokenHash: string;
  createdMs: number;
  expiresMs: number | null;
  lastUsedMs: number | null;
}

/** Every table under its name in the database, parents before children; `key` orders a backup, `serial` has a counter. */
export const tables: readonly { readonly name: string; readonly key: readonly string[]; readonly serial?: true }[] = [
  { name: 'target', key: ['id'] },
  { name: 'cursor', key: ['profile'] },
  { name: 'scored_range', key: ['profile', 'from_ms'] },
  { name: 'entity', key: ['profile', 'entity'] },
  { name: 'board', key: ['profile', 'entity'] },
  { name: 'profile_setting', key: ['profile'] },
  { name: 'model', key: ['id'], serial: true },
  { name: 'finding', key: ['id'], serial: true },
  { name: 'incident', key: ['id'], serial: true },
  { name: 'incident_event', key: ['id'], serial: true },
  { name: 'alert', key: ['fingerprint', 'starts_ms'] },
  { name: 'silence', key: ['id'] },
  { name: 'setting', key: ['key'] },
  { name: 'receiver', key: ['name'] },
  { name: 'account', key: ['id'], serial: true },
  { name: 'session', key: ['id_hash'] },
  { name: 'token', key: ['id'], serial: true },
  { name: 'audit', key: ['id'], serial: true },
  { name: 'archive_rule', key: ['rule'] },
  { name: 'lease', key: ['slot'] },
  { name: 'alarm', key: ['profile', 'entity'] },
  { name: 'mark', key: ['id'], serial: true },
];
