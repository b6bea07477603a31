import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { PartHealth } from '../model/api.ts';
import type { Fence, LeaseStore } from '../store/contract.ts';
import type { Log } from './log.ts';
import { startLoop } from './loops.ts';

/** A share of the entities of every profile, with the ledger that counts its steps. */
export interface Share {
  ledgerOf(profile: string): string;
  owns(profile: string, entity: string): boolean;
  /** Goes with every write; null where there is but one instance. */
  readonly fence: Fence | null;
}

/** What this instance works on: everything on SQLite, what it holds a lease of on PostgreSQL. */
export interface Shares {
  /** Whether others may work on the same database. */
  readonly shared: boolean;
  held(): readonly Share[];
  owns(profile: string, entity: string): boolean;
  /** Every ledger of a profile, whoever holds it. */
  ledgers(profile: string): string[];
  /** Whether this instance sends messages, keeps incidents and the archive, and tidies up. */
  leads(): boolean;
  health(): PartHealth[];
  stop(): Promise<void>;
}

const whole: Share = { ledgerOf: (profile) => profile, owns: () => true, fence: null };

export const alone: Shares = {
  shared: false,
  held: () => [whole],
  owns: () => true,
  ledgers: (profile) => [profile],
  leads: () => true,
  health: () => [],
  stop: async () => {},
};

/** So many shares: at most so many instances have something to do. A change of this number must not happen while several run. */
const shareCount = 8;
const leaderSlot = 'leader';
const shareSlots = Array.from({ length: shareCount }, (_, index) => `entities/${index}`);
/** With a round every two seconds, what a dead instance held is another's after ten at the latest. */
const ttlMs = 8_000;
const roundMs = 2_000;

/** FNV-1a, 32 bits: the same everywhere and for ever, because ledgers depend on it. */
export function shareOf(profile: string, entity: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${profile}\n${entity}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % shareCount;
}

/** Holds leases until it is stopped. Resolves after its first round. */
export async function holdShares(options: {
  leases: LeaseStore;
  now: () => number;
  log: Log;
  /** Leadership came or went. */
  onLead: (leads: boolean) => void;
  onChange: () => void;
}): Promise<Shares> {
  const { leases, log } = options;
  const instance = `${hostname().slice(0, 60)}:${process.pid}:${randomBytes(6).toString('hex')}`;
  const known = new Map<string, number>();
  let held: readonly { slot: string; share: Share }[] = [];
  let instances = 0;
  /** By this machine's monotonic clock, counted from before the question: never later than the database thinks. */
  let goodUntilMs = 0;
  let led = false;

  const indexOf = (profile: string, entity: string): number => {
    const key = `${profile}\n${entity}`;
    const found = known.get(key) ?? shareOf(profile, entity);
    if (known.size > 100_000) known.clear();
    known.set(key, found);
    return found;
  };
  const shareAt = (fence: Fence): Share => {
    const index = shareSlots.indexOf(fence.slot);
    return { ledgerOf: (profile) => `${profile}/${index}`, owns: (profile, entity) => indexOf(profile, entity) === index, fence };
  };
  const isGood = () => performance.now() < goodUntilMs;
  const leads = () => isGood() && held.some(({ slot }) => slot === leaderSlot);

  const round = async (): Promise<number> => {
    const askedMs = performance.now();
    const answer = await leases.round({ instance, slots: [leaderSlot, ...shareSlots], ttlMs });
    const before = new Map(held.map((each) => [each.slot, each]));
    const names = (slots: Iterable<string>) => [...slots].sort().join(', ') || 'nothing';
    const changed = names(before.keys()) !== names(answer.held.map(({ slot }) => slot)) || instances !== answer.instances;
    held = answer.held.map((fence) => {
      const same = before.get(fence.slot);
      return same?.share.fence?.token === fence.token ? same : { slot: fence.slot, share: shareAt(fence) };
    });
    instances = answer.instances;
    goodUntilMs = askedMs + ttlMs;
    if (changed) log.info({ held: names(held.map(({ slot }) => slot)), instances }, 'shares of this instance');
    if (changed) options.onChange();
    return roundMs;
  };
  /** Also when the database does not answer: whoever cannot renew must stop to lead in time. */
  const work = async (): Promise<number> => {
    try {
      return await round();
    } finally {
      if (leads() !== led) options.onLead((led = !led));
    }
  };

  await work();
  const loop = startLoop({
    name: 'instances',
    work,
    retryMs: 500,
    badAfterMs: 60_000,
    now: options.now,
    log,
    onChange: options.onChange,
  });
  return {
    shared: true,
    held: () => (isGood() ? held.filter(({ slot }) => slot !== leaderSlot).map(({ share }) => share) : []),
    owns(profile, entity) {
      const slot = shareSlots[indexOf(profile, entity)];
      return isGood() && held.some((each) => each.slot === slot);
    },
    ledgers: (profile) => shareSlots.map((_, index) => `${profile}/${index}`),
    leads,
    health() {
      const health = loop.health();
      const mine = held.filter(({ slot }) => slot !== leaderSlot).length;
      const words = `${instances} instance(s); this one works on ${mine} of ${shareCount} shares${leads() ? ' and sends the messages' : ''}`;
      return [health.state === 'ok' ? { ...health, reason: words } : health];
    },
    async stop() {
      await loop.stop();
      held = [];
      // Whoever cannot say goodbye is missed after the time of its leases.
      await leases.leave(instance).catch(() => {});
    },
  };
}
