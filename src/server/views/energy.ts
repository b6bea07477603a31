import type { Scope } from '../../model/account.ts';
import type { PanelData } from '../../model/api.ts';
import { type Energy, ENERGY_PROFILE } from '../../model/energy.ts';
import type { Feature, Profile } from '../../model/profile.ts';
import { formatDuration } from '../../model/time.ts';
import type { House } from '../house.ts';
import { bind } from '../profiles.ts';
import { bindingOf } from '../reader.ts';
import { inScope, pointsOf, targetOverviews } from './overview.ts';

const maxPoints = 360;
const jouleHours = 3_600_000;

/** P13: every energy device: watts and amperes of now, kWh since midnight. Values are null where the source is silent. */
export async function energyView(house: House, scope: Scope): Promise<Energy> {
  const profile = energyProfile(house, scope);
  const nowMs = await house.source.client.nowMs().catch(() => house.now());
  const sinceMs = startOfDay(nowMs, house.config.detection.timeZone);
  if (profile === null) return { sinceMs, devices: [] };
  const power = profile.features.find(({ unit }) => unit === 'watts');
  const current = profile.features.find(({ unit }) => unit === 'amperes');
  const [targets, watts, amperes, joules] = await Promise.all([
    targetOverviews(house, scope, (target) => target.profile === profile.slug && target.enabled),
    newest(house, profile, power, nowMs, (expr) => expr),
    newest(house, profile, current, nowMs, (expr) => expr),
    newest(house, profile, power, nowMs, (expr) => {
      const range = formatDuration(Math.max(1_000, Math.floor((nowMs - sinceMs) / 1_000) * 1_000));
      const step = formatDuration(house.source.stepMs);
      // Each sample stands for one step; a time without samples counts nothing, and is never guessed.
      return `sum_over_time((${expr})[${range}:${step}]) * ${house.source.stepMs / 1_000}`;
    }),
  ]);
  const devices = targets.map(({ id, name, address, state, reason }) => ({
    id,
    name,
    address,
    state,
    reason,
    watts: watts.get(id) ?? null,
    amperes: amperes.get(id) ?? null,
    kilowattHours: joules.has(id) ? (joules.get(id) as number) / jouleHours : null,
  }));
  return { sinceMs, levels: power?.levels, devices };
}

/** The watts of all energy devices in one chart. @throws VigiaError `far-…`. */
export async function energyPower(house: House, scope: Scope, range: { fromMs: number; toMs: number }): Promise<PanelData> {
  const profile = energyProfile(house, scope);
  const power = profile?.features.find(({ unit }) => unit === 'watts');
  if (profile === null || power === undefined) return { panel: 'power', unit: 'watts', series: [], band: null };
  const { source } = house;
  const stepMs = source.stepMs * Math.max(1, Math.ceil((range.toMs - range.fromMs) / maxPoints / source.stepMs));
  const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  const [found, targets] = await Promise.all([
    source.client.queryRange(bind(power.expr, { ...bindingOf(source, profile), stepMs }), {
      fromMs: align(range.fromMs),
      toMs: align(range.toMs),
      stepMs,
    }),
    house.store.targets.list(),
  ]);
  const names = new Map(targets.map(({ id, name }) => [id, name]));
  const label = source.identity(profile)[0] ?? 'target';
  const series = found
    .map((each) => ({ legend: names.get(each.labels[label] ?? '') ?? each.labels[label] ?? '', points: pointsOf(each) }))
    .sort((a, b) => a.legend.localeCompare(b.legend));
  return { panel: 'power', unit: 'watts', series, band: null };
}

function energyProfile(house: House, scope: Scope): Profile | null {
  const profile = house.profiles.get(ENERGY_PROFILE);
  return profile === undefined || !inScope(scope, profile.kind) ? null : profile;
}

/** The newest value of an expression by entity: nothing is older than two steps, and a silent source has none. */
async function newest(
  house: House,
  profile: Profile,
  feature: Feature | undefined,
  nowMs: number,
  around: (expr: string) => string,
): Promise<Map<string, number>> {
  if (feature === undefined) return new Map();
  const { source } = house;
  const atMs = Math.floor(nowMs / 1_000) * 1_000;
  const found = await source.client
    .queryRange(bind(around(feature.expr), bindingOf(source, profile)), { fromMs: atMs, toMs: atMs, stepMs: source.stepMs })
    .catch(() => []);
  const label = source.identity(profile)[0] ?? 'target';
  return new Map(
    found.flatMap(({ labels, values }) => {
      const value = values.at(-1);
      return value !== undefined && Number.isFinite(value) ? [[labels[label] ?? '', value] as const] : [];
    }),
  );
}

/** The first moment of the day that it is at `nowMs` in a time zone (an IANA name; without one that of the machine). */
export function startOfDay(nowMs: number, timeZone?: string): number {
  const date = new Intl.DateTimeFormat('en-CA', { ...(timeZone === undefined ? {} : { timeZone }), dateStyle: 'short' });
  const today = date.format(nowMs);
  // No day has more than 25 hours, and none begins twice.
  let [before, within] = [nowMs - 26 * 3_600_000, nowMs];
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (date.format(middle) === today) within = middle;
    else before = middle;
  }
  return within;
}
