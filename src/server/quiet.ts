import type { Silence } from '../model/incident.ts';

/** Whether a row of this time may be learned: not when people said that something is wrong, or being worked on. */
export type LearnGate = (profile: string, entity: string, timeMs: number) => boolean;

/**
 * While everything about an entity is silenced, somebody knows that it is not normal: nothing is learned of it. Silences of
 * single alerts, or with patterns, say less than that and count for nothing here.
 */
export function quietGate(silences: readonly Silence[]): LearnGate {
  const whole = silences.filter(
    ({ matchers }) =>
      matchers.some(({ name }) => name === 'entity') &&
      matchers.every(({ name, isRegex, isEqual }) => (name === 'entity' || name === 'profile') && !isRegex && isEqual),
  );
  return (profile, entity, timeMs) =>
    !whole.some(
      ({ matchers, startsMs, endsMs }) =>
        timeMs >= startsMs && timeMs < endsMs && matchers.every(({ name, value }) => value === (name === 'entity' ? entity : profile)),
    );
}
