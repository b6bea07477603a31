import type { Feature } from '../../model/profile.ts';

export type Level = 'normal' | 'raised' | 'high';

/** P13: raised from the first bound on, high above the second. Null where a feature has no levels or no value. */
export function levelOf(value: number | null, levels: Feature['levels']): Level | null {
  if (value === null || levels === undefined) return null;
  return value > levels.high ? 'high' : value >= levels.raised ? 'raised' : 'normal';
}
