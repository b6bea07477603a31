import { createExclusions, type TimeSpan } from '../detect/index.ts';
import type { Silence } from '../model/incident.ts';
import { type Mark, wholeProfile } from '../model/mark.ts';

/** Whether a row of this time may be learned: not when people said that something is wrong, or being worked on. */
export type LearnGate = (profile: string, entity: string, timeMs: number) => boolean;

const keyOf = (profile: string, entity: string): string => `${profile}\n${entity}`;
/** A silence that names no profile holds for all of them. */
const anyProfile = '';

/**
 * While everything about an entity is silenced, somebody knows that it is not normal: nothing is learned of it. Silences of
 * single alerts, or with patterns, say less than that and count for nothing here. Marked faults and maintenance are not learned either.
 */
export function quietGate(silences: readonly Silence[], marks: readonly Mark[] = []): LearnGate {
  const spans = new Map<string, TimeSpan[]>();
  const add = (profile: string, entity: string, span: TimeSpan) => {
    const key = keyOf(profile, entity);
    spans.set(key, [...(spans.get(key) ?? []), span]);
  };
  for (const silence of silences) {
    const whole = silencedWhole(silence);
    if (whole !== null && silence.startsMs <= silence.endsMs)
      add(whole.profile ?? anyProfile, whole.entity, { fromMs: silence.startsMs, toMs: silence.endsMs });
  }
  for (const { kind, profile, entity, fromMs, toMs } of marks)
    if (kind !== 'accepted') add(profile, entity, { fromMs, toMs: Math.max(fromMs, toMs ?? Number.POSITIVE_INFINITY) });
  const exclusions = new Map([...spans].map(([key, each]) => [key, createExclusions(each)]));
  return (profile, entity, timeMs) =>
    ![keyOf(profile, entity), keyOf(anyProfile, entity), keyOf(profile, wholeProfile)].some(
      (key) => exclusions.get(key)?.excludes(timeMs) === true,
    );
}

/** The entity that a silence is all about; `profile: null` where it names none. Null for a silence that says less. */
function silencedWhole({ matchers }: Pick<Silence, 'matchers'>): { profile: string | null; entity: string } | null {
  if (!matchers.every(({ name, isRegex, isEqual }) => (name === 'entity' || name === 'profile') && !isRegex && isEqual)) return null;
  const valueOf = (wanted: string) => [...new Set(matchers.filter(({ name }) => name === wanted).map(({ value }) => value))];
  const [entities, profiles] = [valueOf('entity'), valueOf('profile')];
  // Two different names at once match nothing.
  if (entities.length !== 1 || profiles.length > 1) return null;
  return { profile: profiles[0] ?? null, entity: entities[0] as string };
}
