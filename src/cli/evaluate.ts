import {
  alarmRules,
  alarmsOf,
  averagePrecision,
  bestF1,
  eventRecallAt,
  eventStats,
  fillMissing,
  medianDelay,
  normalDays,
  periodOf,
  rocAuc,
  runsOf,
  volumeUnderSurface,
} from '../detect/index.ts';
import { formatDuration } from '../model/time.ts';
import { openCsvRun, reasonsOf, short } from './csv-scores.ts';
import type { Scored } from './csv-scores.ts';
import type { Invocation } from './invocation.ts';

const budgets = [0.1, 0.5, 1, 2] as const;
const highestShown = 10;
const weekMs = 7 * 86_400_000;
/** For a detector that has no threshold of its own. */
const usualThreshold = 0.9;

/** Says how a detector does on a CSV file: against labels where there are some, else what it would have reported. */
export async function evaluate({ options, print, remark }: Invocation): Promise<number> {
  const { survey, detector, train, scored } = await openCsvRun({ options, remark });
  const kept: number[] = [];
  const marks: number[] = [];
  const flagged: number[] = [];
  let [fromMs, toMs] = [Number.NaN, Number.NaN];
  let highest: Scored[] = [];
  const explains = (score: number): boolean => highest.length < highestShown || score > (highest.at(-1)?.score ?? 0);
  for await (const row of scored((score) => !Number.isNaN(score) && explains(score))) {
    kept.push(row.score);
    marks.push(row.anomalous ? 1 : 0);
    flagged.push(row.score >= (row.threshold ?? usualThreshold) ? 1 : 0);
    if (Number.isNaN(fromMs)) fromMs = row.timeMs;
    toMs = row.timeMs;
    if (row.explanation !== null) highest = [...highest, row].sort((a, b) => b.score - a.score).slice(0, highestShown);
  }
  const scores = Float64Array.from(kept);
  const stepSeconds = survey.stepMs / 1000;
  const flags = Uint8Array.from(flagged);
  const silent = kept.filter((score) => Number.isNaN(score)).length;
  const about = {
    file: survey.file,
    rows: survey.rows,
    features: survey.features.length,
    step: formatDuration(survey.stepMs),
    detector: detector.slug,
    learned: train,
    scored: kept.length,
    withoutOpinion: silent / kept.length,
    threshold: detector.threshold ?? usualThreshold,
  };
  const found =
    survey.label === null ? findings(flags, survey.stepMs, toMs - fromMs) : measures(scores, flags, Uint8Array.from(marks), stepSeconds);
  const top = highest.map((row) => ({
    row: row.number,
    ...(survey.time === null ? {} : { time: new Date(row.timeMs).toISOString() }),
    score: row.score,
    reasons: reasonsOf(row, survey.features),
  }));
  if (options['json'] === true) print(JSON.stringify({ ...about, ...found, highest: top }));
  else {
    print(table({ ...about, ...found }));
    print('\nHighest rows:');
    for (const { row, time, score, reasons } of top)
      print(`  row ${row}${time === undefined ? '' : `, ${time}`}: ${short(score)}, ${reasons}`);
  }
  return 0;
}

type Values = Readonly<Record<string, string | number | null>>;

/** What would have been reported: runs of rows at or above the threshold of their time, those within ten minutes as one. */
function findings(flags: Uint8Array, stepMs: number, spanMs: number): Values {
  const count = alarmsOf(flags, alarmRules(stepMs / 1000).gap).length;
  const share = flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
  return { findings: count, findingsPerWeek: (count * weekMs) / (spanMs + stepMs), rowsAtThreshold: share };
}

/** Scores against labels. Rows without an opinion count as the lowest score. */
function measures(given: Float64Array, flags: Uint8Array, labels: Uint8Array, stepSeconds: number): Values {
  const scores = fillMissing(given);
  const window = Math.min(periodOf(scores), scores.length >> 1);
  const vus = volumeUnderSurface(scores, labels, window);
  const best = bestF1(scores, labels);
  const rules = alarmRules(stepSeconds);
  const atThreshold = eventStats(labels, flags, rules);
  const recalls = eventRecallAt(scores, labels, stepSeconds, budgets, rules);
  const lengths = runsOf(labels).map(([first, last]) => last - first + 1);
  return {
    events: lengths.length,
    aucRoc: rocAuc(scores, labels),
    aucPr: averagePrecision(scores, labels),
    bestF1: best.f1,
    bestF1Threshold: best.threshold,
    vusRoc: vus.roc,
    vusPr: vus.pr,
    vusWindow: window,
    ...Object.fromEntries(recalls.map(({ budget, recall }) => [`eventRecallAt${budget}PerDay`, recall])),
    delayAt1PerDaySeconds: medianDelay(recalls[budgets.indexOf(1)]?.delays ?? [], lengths) * stepSeconds,
    eventsFoundAtThreshold: atThreshold.found,
    falseAlarmsPerDayAtThreshold: atThreshold.falseAlarms / normalDays(labels, stepSeconds),
  };
}

/** `eventRecallAt0.1PerDay` reads "event recall at 0.1 per day". */
const worded = (name: string): string => name.replaceAll(/[A-Z]|(?<=At)\d/g, (letter) => ` ${letter.toLowerCase()}`);

function table(values: Values): string {
  const width = Math.max(...Object.keys(values).map((name) => worded(name).length));
  return Object.entries(values)
    .map(
      ([name, value]) => `${worded(name).padEnd(width)}  ${typeof value !== 'number' ? value : Number.isNaN(value) ? '–' : short(value)}`,
    )
    .join('\n');
}
