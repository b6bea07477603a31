import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { LiveEvent, Overview, TargetOverview } from '../../src/model/api.ts';
import { eventually } from '../../test/stand-ins/real.ts';
import { startTelegram } from '../../test/stand-ins/telegram.ts';
import { place, startVigia, type Vigia } from '../../test/walk/vigia.ts';

/** A real Vigía that watches this machine, with a stand-in of Telegram as its receiver. */
export interface WatchedMachine {
  readonly vigia: Vigia;
  readonly telegram: Awaited<ReturnType<typeof startTelegram>>;
  /** Where its files are; faults may write below it. */
  readonly dir: string;
  readonly stepMs: number;
  readonly target: () => Promise<TargetOverview>;
  /** When the page was told of new scores, Unix ms, in order. */
  readonly scoredMs: readonly number[];
  stop(): Promise<void>;
}

/** The settings of the goals: a scrape every 5 s, and messages that wait for nothing. */
export const quickTiming = {
  stepMs: 5_000,
  prometheus: { scrapeInterval: '5s' },
  alerts: { groupWait: '1s', groupInterval: '2s', keepFiring: '10s' },
};
/** P33, as it is without a configuration file. */
export const defaultTiming = { stepMs: 15_000, prometheus: {}, alerts: {} };

/** Starts it and waits until the machine has a model and a score. */
export async function watchedMachine(
  timing: typeof quickTiming | typeof defaultTiming,
  learnSteps: number,
  progress: (line: string) => void,
): Promise<WatchedMachine> {
  const { stepMs } = timing;
  const at = await place();
  const telegram = await startTelegram();
  const listening = new AbortController();
  let vigia: Vigia | undefined;
  const stop = async (): Promise<void> => {
    listening.abort();
    await vigia?.stop();
    await telegram.stop();
    at.remove();
  };
  try {
    const receiver = { kind: 'telegram', name: 'phone', botToken: '42:secret', chatId: '-100123', apiUrl: telegram.url };
    const running = await startVigia(at, {
      prometheus: timing.prometheus,
      detection: { minimumSteps: learnSteps },
      alerts: { ...timing.alerts, receivers: [{ ...receiver, categories: ['anomaly'] }] },
    });
    vigia = running;
    const scoredMs: number[] = [];
    await listen(running, listening.signal, (event) => event.kind === 'scores' && scoredMs.push(Date.now()));
    const target = async (): Promise<TargetOverview> => {
      const [own] = (await running.api<Overview>('GET', '/api/overview')).targets;
      if (own === undefined) throw new Error('Vigía does not watch its own machine');
      return own;
    };
    progress(`learning for about ${Math.ceil((learnSteps * stepMs) / 60_000) + 1} minutes`);
    const learned = async () => {
      await sleep(1_000);
      return (await target()).score !== null;
    };
    await eventually('a score', learned, learnSteps * stepMs * 1.5 + 180_000);
    return { vigia, telegram, dir: at.dir, stepMs, target, scoredMs, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** Hears the event stream until `signal` ends it. */
async function listen(vigia: Vigia, signal: AbortSignal, hear: (event: LiveEvent) => void): Promise<void> {
  const { body } = await request(`${vigia.url}/api/events`, { headers: { cookie: vigia.cookie() }, bodyTimeout: 0, signal });
  let rest = '';
  body.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) hear(JSON.parse(line.slice(6)) as LiveEvent);
  });
  // Aborted at the end, or with Vigía itself.
  body.on('error', () => {});
}
