import { VigiaError } from '../model/errors.ts';
import type { Invocation } from './invocation.ts';
import { askRunning, runningFor } from './running.ts';

/** Accepts the new level of an incident's entity as normal, in the Vigía that runs. */
export async function accept({ options, words, print, remark }: Invocation): Promise<number> {
  const incident = Number(words[0]);
  if (!Number.isSafeInteger(incident) || incident < 1)
    throw new VigiaError('usage', { problem: `"${words[0]}" is no number of an incident; its page has it in its address` });
  const running = runningFor(options, remark);
  if (typeof running === 'number') return running;
  const { entity } = await askRunning<{ entity: string }>(running, 'POST', 'incidents/accept', { incident });
  print(`The level of ${entity} counts as normal from the next step on.`);
  return 0;
}
