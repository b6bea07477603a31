/** From the answers of one detector on one set to the figures of a table: means over entities, with the goals. */
import { median, nabProfiles, nabScore } from '../../src/detect/index.ts';
import { attributionFigures, targets } from './quality.ts';
import type { Alarmed, Cost, OfficialQuality } from './quality.ts';
import type { Done } from './pool.ts';
import type { Figure } from '../result.ts';

type Goal = Pick<Figure, 'atLeast' | 'atMost'>;

/** Goals are those of the default detector; the others are there to compare with. */
const goals: Readonly<Record<string, Readonly<Record<string, Goal>>>> = {
  smd: {
    vusPr: { atLeast: 0.55 },
    aucPr: { atLeast: 0.52 },
    f1: { atLeast: 0.54 },
    recallAt1: { atLeast: 0.9 },
    delayMin: { atMost: 4 },
    hit100: { atLeast: 0.82 },
    hit150: { atLeast: 0.92 },
    top1: { atLeast: 0.93 },
    alarmsAt1PerDay: { atLeast: 0.5, atMost: 1.3 },
    alarmsAt1PerDayP90: { atMost: 2 },
    alarmsAt1Recall: { atLeast: 0.75 },
    'alarmsAt0.1PerDay': { atMost: 0.15 },
    'alarmsAt0.1Recall': { atLeast: 0.4 },
  },
  asd: { vusPr: { atLeast: 0.55 }, aucPr: { atLeast: 0.48 }, recallAt1: { atLeast: 0.88 } },
  nab: { standard: { atLeast: 68 } },
  robustness: {
    scaledMaxChange: { atMost: 1e-6 },
    lostSamplesVusPr: { atMost: 0.02 },
    lostRowsVusPr: { atMost: 0.02 },
    restartMaxChange: { atMost: 1e-9 },
    coldAlarmsFirstDay: { atMost: 1 },
    gapAlarms: { atMost: 0 },
    resetAlarms: { atMost: 0 },
    duplicateAlarms: { atMost: 0 },
    lateAlarms: { atMost: 0 },
    clockJumpAlarms: { atMost: 0 },
    flatLinesFound: { atLeast: 0.9 },
    joiningAlarms: { atMost: 0 },
    joiningVusPr: { atMost: 0.02 },
    levelShiftAlarms: { atMost: 1 },
    levelShiftHours: { atMost: 6 },
  },
};

/** Goals of `set` that the figures are held to. */
const goalDetector = 'ensemble';

type Values = Readonly<Record<string, number>>;

/** Figures of one detector on one set. An entity that failed is a figure of its own. */
export function figuresOf(set: string, detector: string, done: readonly Done[]): readonly Figure[] {
  const failed = done.flatMap(({ job, answer }): Figure[] =>
    answer.kind === 'failed' ? [{ what: `failed ${job.name}`, value: null, unit: 'count', atMost: 0, note: answer.reason }] : [],
  );
  const values = { ...valuesOf(set, done) };
  const own = detector === goalDetector ? goals[set] : undefined;
  const figures = Object.entries(values).map(
    ([what, value]): Figure => ({
      what,
      value: Number.isFinite(value) ? value : null,
      unit: unitOf(what),
      ...own?.[what],
    }),
  );
  return [...figures, ...failed];
}

function unitOf(what: string): Figure['unit'] {
  if (/^(us|learnUs)Per/.test(what)) return 'us';
  if (/bytes$/i.test(what)) return 'bytes';
  if (/min$/i.test(what)) return 'min';
  return /^(entities|events|files|methods|windows|found|falsePositives)|Alarms|PerDay|Hours/.test(what) ? 'count' : 'ratio';
}

function valuesOf(set: string, done: readonly Done[]): Values {
  if (set === 'nab') return nabValues(done);
  if (set === 'tsb') return tsbValues(done);
  if (set === 'robustness') {
    const all = done.flatMap(({ answer }) => (answer.kind === 'robustness' ? [answer.figures] : []));
    // Of changes in scores the worst counts, of the rest the mean.
    const worst = (what: string): boolean => what.endsWith('MaxChange') || what.startsWith('cold');
    return { entities: all.length, ...combined(all, (values, what) => (worst(what) ? Math.max(...values) : mean(values))) };
  }
  return officialValues(done.flatMap(({ answer }) => (answer.kind === 'official' ? [answer.quality] : [])));
}

function officialValues(all: readonly OfficialQuality[]): Values {
  const events = all.reduce((sum, each) => sum + each.events, 0);
  const found = all.reduce((sum, each) => sum + each.events * (each.figures['recallAt1'] ?? 0), 0);
  const attributions = all.flatMap((each) => each.attributions);
  return {
    entities: all.length,
    events,
    ...combined(
      all.map((each) => each.figures),
      mean,
    ),
    recallAt1Pooled: found / events,
    ...(attributions.length === 0 ? {} : attributionFigures(attributions)),
    ...Object.assign(
      {},
      ...targets.map((target, at) =>
        alarmValues(
          `alarmsAt${target}`,
          all.map((each) => each.alarmed[at] as Alarmed),
        ),
      ),
    ),
    ...costValues(all.map((each) => each.cost)),
  };
}

function alarmValues(name: string, all: readonly Alarmed[]): Values {
  const perDay = all.map((each) => each.falsePerDay).toSorted((a, b) => a - b);
  return {
    [`${name}PerDay`]: mean(perDay),
    [`${name}PerDayMedian`]: median(perDay),
    [`${name}PerDayP90`]: perDay[Math.ceil(0.9 * perDay.length) - 1] ?? Number.NaN,
    [`${name}Recall`]: mean(all.map((each) => each.recall)),
    [`${name}Precision`]: mean(all.map((each) => each.precision)),
    // Where nothing was found there is no delay.
    [`${name}DelayMin`]: mean(all.map((each) => each.delayMin).filter((delay) => !Number.isNaN(delay))),
  };
}

function costValues(all: readonly Cost[]): Values {
  return {
    usPerSample: mean(all.map((each) => each.usPerSample)),
    learnUsPerSample: mean(all.map((each) => each.learnUsPerSample)),
    modelBytes: mean(all.map((each) => each.modelBytes)),
    heapBytes: mean(all.map((each) => each.heapBytes)),
    heapPer1000MetricsBytes: mean(all.map((each) => (1000 * each.heapBytes) / each.metrics)),
  };
}

function nabValues(done: readonly Done[]): Values {
  const all = done.flatMap(({ answer }) => (answer.kind === 'nab' ? [answer] : []));
  const files = all.map(({ quality, windows }) => ({ scores: quality.scores, windows }));
  const results = Object.entries(nabProfiles).map(([profile, weights]) => [profile, nabScore(files, weights)] as const);
  const standard = results[0]?.[1];
  return {
    files: files.length,
    ...Object.fromEntries(results.map(([profile, { score }]) => [profile, score])),
    ...Object.fromEntries(results.map(([profile, { threshold }]) => [`${profile}Threshold`, threshold])),
    windows: standard?.windows ?? Number.NaN,
    found: standard?.found ?? Number.NaN,
    falsePositives: standard?.falsePositives ?? Number.NaN,
    usPerSample: mean(all.map(({ quality }) => quality.us)),
  };
}

function tsbValues(done: readonly Done[]): Values {
  const all = done.flatMap(({ answer }) => (answer.kind === 'tsb' ? [answer] : []));
  const ours = mean(all.map(({ quality }) => quality.vusPr));
  const methods = Object.keys(all[0]?.published ?? {});
  const means = methods.map((method) => mean(all.map(({ published }) => published[method] as number)));
  return {
    files: all.length,
    vusPr: ours,
    bestPublishedVusPr: Math.max(...means),
    bestPerFileVusPr: mean(all.map(({ published }) => Math.max(...Object.values(published)))),
    methodsBelow: means.filter((value) => value < ours).length,
    methods: methods.length,
  };
}

/** One value per key over all that have it; what is NaN somewhere is left out there. */
function combined(all: readonly Values[], combine: (values: readonly number[], what: string) => number): Values {
  const keys = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    keys.map((key) => [
      key,
      combine(
        all.map((each) => each[key] as number).filter((value) => !Number.isNaN(value)),
        key,
      ),
    ]),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
