import { afterEach, describe, expect, it } from 'vitest';
import { type ChildSpec, type Supervised, supervise, type SupervisorTimes } from '../../src/server/supervisor.ts';
import { start } from '../../src/tools/run.ts';
import { eventually } from '../stand-ins/real.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const times: SupervisorTimes = {
  probeMs: 50,
  startMs: 5_000,
  deadMs: 300,
  backoffMs: 10,
  backoffMaxMs: 20,
  openAfter: 9,
  openWindowMs: 60_000,
  openMs: 60_000,
};

let running: Supervised | null = null;
afterEach(async () => {
  await running?.stop();
});
const part = (script: string, spec: Partial<ChildSpec>): Supervised => {
  const command = () => ({ file: '/bin/sh', args: ['-c', script] });
  running = supervise(
    { name: 'part', command, probe: async () => {}, ...spec },
    { start, log: quiet, now: Date.now, times, onChange: () => {} },
  );
  return running;
};

describe('a part', () => {
  it('whose probe hangs is replaced', async () => {
    let hangs = false;
    const supervised = part('sleep 60', { probe: () => (hangs ? new Promise(() => {}) : Promise.resolve()) });
    await supervised.untilReady();
    const first = supervised.pid();
    hangs = true;
    await eventually('degraded', () => supervised.health().reason === 'part did not answer within 0.05 s');
    await eventually('another process', () => supervised.pid() !== first && supervised.pid() !== null);
    hangs = false;
    await eventually('ready', () => supervised.health().phase === 'ready');
  });

  it('is not ready before what has to be given to it was given', async () => {
    let tries = 0;
    const supervised = part('sleep 60', {
      onReady: async () => {
        if (++tries < 3) throw new Error('one request was lost');
      },
    });
    await supervised.untilReady();
    expect(tries).toBe(3);
  });

  it('has its last words judged only when it never answered', async () => {
    const words: string[] = [];
    let answers = true;
    const supervised = part('echo "unexpected EOF"; sleep 0.2; exit 1', {
      prepare: async (_, lastWords) => void words.push(lastWords),
      probe: async () => {
        if (!answers) throw new Error('no');
      },
    });
    await supervised.untilReady();
    await eventually('a second start', () => words.length === 2);
    answers = false;
    await eventually('a start after one without an answer', () => words.length >= 4);
    expect(words.slice(0, 2)).toEqual(['', '']);
    expect(words[3]).toBe('unexpected EOF');
  });
});
