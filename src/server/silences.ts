import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import type { Silence } from '../model/incident.ts';
import type { Store } from '../store/contract.ts';
import type { Log } from './log.ts';

/** Ended ones are kept as long as charts reach back. */
const keptMs = 400 * 86_400_000;

/** Silences live in the store and are applied to Alertmanager, which may lose its own. */
export interface Silences {
  list(nowMs: number): Promise<Silence[]>;
  add(silence: Omit<Silence, 'id'>): Promise<Silence>;
  /** @throws VigiaError `not-found`. */
  end(id: string): Promise<void>;
  /** Gives Alertmanager what it lacks. */
  reapply(): Promise<void>;
}

export function createSilences(options: {
  store: Pick<Store, 'silences'>;
  alertmanager: () => AlertmanagerClient;
  now: () => number;
  log: Log;
}): Silences {
  const { store, now } = options;
  return {
    list: async (nowMs) => (await store.silences.list()).filter((silence) => silence.endsMs > nowMs),
    async add(silence) {
      const id = await options.alertmanager().putSilence(silence);
      const saved = { ...silence, id };
      await store.silences.save(saved);
      return saved;
    },
    async end(id) {
      const silence = (await store.silences.list()).find((each) => each.id === id);
      // One that had begun stays in the charts, and out of what is learned, until now.
      if (silence !== undefined && silence.startsMs < now())
        await store.silences.save({ ...silence, endsMs: Math.min(silence.endsMs, now()) });
      else await store.silences.remove(id);
      await options.alertmanager().deleteSilence(id);
    },
    async reapply() {
      const alertmanager = options.alertmanager();
      const known = new Map((await alertmanager.silences()).map((silence) => [silence.id, silence]));
      for (const silence of await store.silences.list()) {
        if (silence.endsMs <= now()) {
          if (silence.endsMs < now() - keptMs) await store.silences.remove(silence.id);
          continue;
        }
        const there = known.get(silence.id);
        if (there !== undefined && there.state !== 'expired') continue;
        const { id: _, ...rest } = silence;
        const id = await alertmanager.putSilence({ ...rest, startsMs: Math.max(rest.startsMs, now()) });
        await store.silences.remove(silence.id);
        await store.silences.save({ ...silence, id });
        options.log.warn({ silence: silence.comment }, 'Alertmanager had lost a silence; it was applied again');
      }
    },
  };
}
