import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../src/model/api.ts';
import { type Supervised, supervise, type SupervisorTimes } from '../../src/server/supervisor.ts';
import { start } from '../../src/tools/run.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const quick: SupervisorTimes = {
  probeMs: 20,
  startMs: 300,
  deadMs: 200,
  backoffMs: 10,
  backoffMaxMs: 50,
  openAfter: 4,
  openWindowMs: 60_000,
  openMs: 60_000,
};

let running: Supervised | null = null;
afterEach(async () => {
  await running?.stop();
});

/** A real process that answers as `answers` says; phases are recorded. */
function child(script: string, answers: () => boolean, times: SupervisorTimes = quick) {
  const phases: Phase[] = [];
  const supervised: Supervised = supervise(
    {
      name: 'part',
      command: () => ({ file: '/bin/sh', args: ['-c', script] }),
      probe: async () => {
        if (!answers()) throw new Error('no answer');
      },
    },
    {
      start,
      log: quiet as never,
      now: Date.now,
      times,
      onChange: () => {
        const phase = supervised?.health().phase;
        if (phase !== undefined && phases.at(-1) !== phase) phases.push(phase);
      },
    },
  );
  running = supervised;
  return { supervised, phases };
}

async function until(condition: () => boolean, ms = 10_000): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    if (waited > ms) throw new Error('it never came');
    await sleep(10);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('supervisor', () => {
  it('is ready when the child answers, not when it runs', async () => {
    let answers = false;
    const { supervised } = child('sleep 60', () => answers);
    await until(() => supervised.pid() !== null);
    expect(supervised.health()).toMatchObject({ state: 'unknown', phase: 'starting' });
    answers = true;
    await supervised.untilReady();
    expect(supervised.health()).toMatchObject({ state: 'ok', phase: 'ready', reason: '' });
  });

  it('does not blame a child for a delay of its own', async () => {
    let held = false;
    const { supervised, phases } = child('sleep 60', () => {
      if (!held) return true;
      held = false;
      const untilMs = performance.now() + 3 * quick.deadMs;
      while (performance.now() < untilMs);
      return false;
    });
    await supervised.untilReady();
    const first = supervised.pid();
    held = true;
    await until(() => phases.includes('degraded'));
    await until(() => supervised.health().phase === 'ready');
    expect(supervised.pid()).toBe(first);
    expect(phases).not.toContain('backoff');
  });

  it('replaces a child that was killed', async () => {
    const { supervised, phases } = child('sleep 60', () => true);
    await supervised.untilReady();
    const first = supervised.pid() as number;
    process.kill(first, 'SIGKILL');
    await until(() => supervised.pid() !== null && supervised.pid() !== first && supervised.health().phase === 'ready');
    expect(phases).toContain('backoff');
    expect(isAlive(first)).toBe(false);
  });

  it('replaces a child that runs but no longer answers', async () => {
    let answers = true;
    const { supervised, phases } = child('sleep 60', () => answers);
    await supervised.untilReady();
    const first = supervised.pid() as number;
    answers = false;
    await until(() => supervised.pid() !== first && supervised.pid() !== null);
    expect(phases).toContain('degraded');
    expect(isAlive(first)).toBe(false);
    answers = true;
    await until(() => supervised.health().phase === 'ready');
  });

  it('opens the circuit on a crash loop and says the last words', async () => {
    const { supervised } = child('echo "the disk is full" >&2; exit 3', () => false);
    await expect(supervised.untilReady()).rejects.toThrow('the disk is full');
    expect(supervised.health()).toMatchObject({ state: 'bad', phase: 'open' });
    expect(supervised.health().reason).toMatch(/^part ended 4 times in \d+ s and is not started again for now\./);
  });

  it('stops the child and what the child started', async () => {
    const { supervised } = child('sleep 61 & sleep 61', () => true);
    await supervised.untilReady();
    const pid = supervised.pid() as number;
    await supervised.stop();
    expect(isAlive(pid)).toBe(false);
    expect(supervised.health().phase).toBe('stopped');
  });
});
