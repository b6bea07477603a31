import type { Scope } from '../../model/account.ts';
import type { AiState, Collected, Detected, Evaluation, ScoreHistory } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { minuteText } from '../../model/time.ts';
import type { Profile } from '../../model/profile.ts';
import { breathe } from '../breath.ts';
import type { House } from '../house.ts';
import { completeUntil, type EntityWindow, readWindow, sortedFeatures, type Window } from '../reader.ts';
import { activeModels } from './active-models.ts';
import { bringsMany, inScope, type Watched, watched } from './overview.ts';

const hourMs = 3_600_000;
const weekMs = 168 * hourMs;
/** Lines of a file made between two breaths. */
const slice = 1024;

export interface AiRange {
  readonly profile: string;
  readonly entity: string;
  readonly hours: number;
}

/** @throws VigiaError `not-found`, `out-of-scope`. */
export function profileOf(house: House, scope: Scope, slug: string): Profile {
  const profile = house.profiles.get(slug);
  if (profile === undefined) throw new VigiaError('not-found', { thing: 'profile', id: slug });
  if (!inScope(scope, profile.kind)) throw new VigiaError('out-of-scope', { what: profile.kind === 'container' ? 'containers' : 'hosts' });
  return profile;
}

export async function aiState(house: House, scope: Scope): Promise<AiState> {
  const switches = await house.store.pipeline.profileRealtime();
  const everything = new Map<string, Watched[]>([...house.profiles.keys()].map((slug) => [slug, []]));
  for (const each of await watched(house, scope, true)) everything.get(each.target.profile)?.push(each);
  const modelOf = await activeModels(house, [...everything.values()].flat());
  return {
    detector: house.config.detection.detector,
    detectors: [...house.detectors.slugs],
    falseAlarmsPerWeek: house.config.detection.falseAlarmsPerWeek,
    profiles: [...house.profiles.values()]
      .filter((profile) => inScope(scope, profile.kind))
      .map((profile) => {
        const realtime = switches.get(profile.slug) ?? house.config.detection.realtime;
        return {
          profile: profile.slug,
          title: profile.title,
          realtime,
          features: sortedFeatures(profile).map(({ name, title, unit }) => ({ name, title, unit })),
          entities: (everything.get(profile.slug) ?? [])
            // What brings many entities is none itself.
            .filter(({ target }) => target.id.includes('/') || !bringsMany(house, profile.slug))
            .map(({ target, entity }) => {
              const row = house.board.get(profile.slug, target.id);
              const learned = house.learner.of(profile, target.id);
              const isOwn = house.shares.owns(profile.slug, target.id);
              const others = { override: entity?.thresholdOverride ?? null, detector: learned.detector?.threshold ?? null };
              // Of what another instance works on, only the board knows.
              const { level, basis } = isOwn
                ? house.alarms.inForce(profile.slug, target.id, others)
                : { level: others.override ?? row?.threshold ?? null, basis: row?.basis ?? null };
              return {
                entity: target.id,
                name: target.name,
                realtime: entity?.realtime ?? realtime,
                score: row?.score ?? null,
                threshold: level,
                basis,
                thresholdOverride: entity?.thresholdOverride ?? null,
                learningUntilMs: learned.learningUntilMs ?? (isOwn ? null : (row?.learningUntilMs ?? null)),
                model: modelOf(profile.slug, target.id),
              };
            }),
        };
      }),
  };
}

/** Reads the last hours of one entity. @throws VigiaError `not-found` when the source has no sample of it. */
export async function readHours(
  house: House,
  scope: Scope,
  range: AiRange,
): Promise<{ profile: Profile; window: Window; entity: EntityWindow }> {
  const profile = profileOf(house, scope, range.profile);
  const { source } = house;
  const toMs = completeUntil(await source.client.nowMs(), source);
  const fromMs = toMs - Math.ceil((range.hours * hourMs) / source.stepMs) * source.stepMs;
  const window = await readWindow(source, profile, { fromMs, toMs, entities: [range.entity] });
  const entity = window.entities.find((each) => each.entity === range.entity);
  if (entity === undefined) throw new VigiaError('not-found', { thing: 'sample of the last hours of', id: range.entity });
  return { profile, window: { ...window, entities: [entity] }, entity };
}

/** P16: what was collected, in figures. */
export async function collect(house: House, scope: Scope, range: AiRange): Promise<Collected> {
  const { profile, window, entity } = await readHours(house, scope, range);
  const width = profile.features.length;
  const steps = entity.present.reduce((sum, each) => sum + each, 0);
  const features: Collected['features'] = [];
  for (const [column, { name, unit }] of sortedFeatures(profile).entries()) {
    const values = Float64Array.from(window.times, (_, step) => entity.rows[step * width + column] as number)
      .filter((value) => !Number.isNaN(value))
      .sort();
    features.push({ name, unit, min: values[0] ?? null, median: values[values.length >> 1] ?? null, max: values.at(-1) ?? null });
    await breathe();
  }
  return {
    profile: profile.slug,
    entity: range.entity,
    fromMs: window.times[0] ?? 0,
    toMs: window.times.at(-1) ?? 0,
    steps,
    missing: window.times.length - steps,
    features,
  };
}

/** P16: the same rows as CSV, one line per step with a real sample. */
export async function featuresCsv(house: House, scope: Scope, range: AiRange): Promise<string> {
  const { profile, window, entity } = await readHours(house, scope, range);
  const width = profile.features.length;
  const lines = [['time', ...sortedFeatures(profile).map((feature) => feature.name)].join(',')];
  for (const [step, tsMs] of window.times.entries()) {
    if (entity.present[step] !== 1) continue;
    const cells = Array.from(entity.rows.subarray(step * width, (step + 1) * width), (value) => (Number.isNaN(value) ? '' : String(value)));
    lines.push([new Date(tsMs).toISOString(), ...cells].join(','));
    if (step % slice === slice - 1) await breathe();
  }
  return `${lines.join('\n')}\n`;
}

/** P18. Labels are stretches of time that a person knows to be faulty; marked faults are labels, too. */
export async function evaluate(
  house: House,
  scope: Scope,
  range: AiRange & { labels: readonly { fromMs: number; toMs: number }[] },
): Promise<Evaluation> {
  const { profile, window } = await readHours(house, scope, range);
  const [result] = await house.pipeline.replay(profile, window, { findings: false });
  const level = result?.level ?? null;
  const found = new Set([...window.times].filter((_, step) => level !== null && (result?.scores[step] as number) >= level));
  const scored = [...window.times].filter((_, step) => !Number.isNaN(result?.scores[step] ?? Number.NaN));
  const marks = await house.store.marks.list({ profile: profile.slug, entity: range.entity, fromMs: window.times[0] ?? 0 });
  const marked = marks
    .filter(({ kind }) => kind === 'fault')
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY }));
  const labels = [...range.labels, ...marked];
  const isFault = (tsMs: number) => labels.some((label) => tsMs >= label.fromMs && tsMs <= label.toMs);
  const faults = scored.filter(isFault);
  const hits = faults.filter((tsMs) => found.has(tsMs)).length;
  const stepMs = house.source.stepMs;
  const note =
    labels.length === 0
      ? 'Without labels nobody can say what precision and recall are. Mark the times of known faults to get them.'
      : 'Precision and recall count steps, without point adjustment.';
  return {
    profile: profile.slug,
    entity: range.entity,
    steps: window.times.length,
    scored: scored.length,
    aboveThreshold: found.size,
    perWeek: scored.length === 0 ? 0 : (found.size / (scored.length * stepMs)) * weekMs,
    labelledSteps: faults.length,
    precision: labels.length === 0 || found.size === 0 ? null : hits / found.size,
    recall: faults.length === 0 ? null : hits / faults.length,
    note,
  };
}

/** P19: collects, scores, adds to the history and answers the findings. */
export async function detectNow(house: House, scope: Scope, range: AiRange): Promise<Detected> {
  const { profile, window } = await readHours(house, scope, range);
  const [result] = await house.pipeline.replay(profile, window);
  if (house.learner.of(profile, range.entity).detector === null) {
    throw new VigiaError('too-little-data', {
      have: 0,
      need: house.config.detection.minimumSteps,
      entity: range.entity,
      until: minuteText(house.learner.of(profile, range.entity).learningUntilMs ?? house.now()),
    });
  }
  const findings = result?.findings ?? [];
  await house.store.findings.add(findings);
  const stored = await house.store.findings.list({
    profile: profile.slug,
    entity: range.entity,
    fromMs: window.times[0] ?? 0,
    limit: 1000,
    offset: 0,
  });
  return { profile: profile.slug, entity: range.entity, steps: window.times.length, findings: stored.findings };
}

/** P21: every score of the range, by replay, so that the page counts at once for any threshold. */
export async function scoreHistory(house: House, scope: Scope, range: AiRange): Promise<ScoreHistory> {
  const { profile, window } = await readHours(house, scope, range);
  const [result] = await house.pipeline.replay(profile, window, { findings: false });
  return {
    threshold: result?.level ?? null,
    points: Array.from(window.times, (tsMs, step) => {
      const score = result?.scores[step] ?? Number.NaN;
      return [tsMs, Number.isNaN(score) ? null : score];
    }),
  };
}
