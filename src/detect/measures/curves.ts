/**
 * How good scores are against labels, row by row. Scores: higher is more anomalous; labels: 1 anomalous, 0 not, one per score.
 * Rows whose score is NaN are left out. Nothing is point-adjusted.
 */

/**
 * Area under the ROC curve: the chance that an anomalous row scores above a normal one, ties counting half
 * (Mann-Whitney). NaN when one kind is missing.
 */
export function rocAuc(scores: Float64Array, labels: Uint8Array): number {
  let positives = 0;
  let negatives = 0;
  let wins = 0;
  for (const step of steps(scores, labels)) {
    // From the highest score down: these anomalous rows lie above every normal row still to come.
    wins += step.normal * (positives + step.anomalous / 2);
    positives += step.anomalous;
    negatives += step.normal;
  }
  return wins / (positives * negatives);
}

/**
 * Area under the precision-recall curve as average precision: sum of (recall gained) x precision over the distinct scores,
 * without interpolation (scikit-learn's `average_precision_score`). NaN without anomalous rows.
 */
export function averagePrecision(scores: Float64Array, labels: Uint8Array): number {
  let found = 0;
  let flagged = 0;
  let area = 0;
  for (const step of steps(scores, labels)) {
    found += step.anomalous;
    flagged += step.anomalous + step.normal;
    area += (step.anomalous * found) / flagged;
  }
  return area / found;
}

export interface BestF1 {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  /** Rows at or above it are found; the lowest of those that do equally well. */
  readonly threshold: number;
}

/** The highest F1 that any one threshold reaches. NaN throughout without anomalous rows. */
export function bestF1(scores: Float64Array, labels: Uint8Array): BestF1 {
  const all = steps(scores, labels);
  const positives = all.reduce((sum, step) => sum + step.anomalous, 0);
  let best: BestF1 = { f1: Number.NaN, precision: Number.NaN, recall: Number.NaN, threshold: Number.NaN };
  if (positives === 0) return best;
  let found = 0;
  let flagged = 0;
  for (const step of all) {
    found += step.anomalous;
    flagged += step.anomalous + step.normal;
    const [precision, recall] = [found / flagged, found / positives];
    const f1 = found === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    if (!(f1 < best.f1)) best = { f1, precision, recall, threshold: step.score };
  }
  return best;
}

export interface ThresholdQuality {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  /** Share of the findings that are right; NaN without findings. */
  readonly precision: number;
  /** Share of the anomalous rows that are found; NaN without anomalous rows. */
  readonly recall: number;
}

/** Precision and recall of "score >= threshold". */
export function qualityAt(threshold: number, scores: Float64Array, labels: Uint8Array): ThresholdQuality {
  let truePositives = 0;
  let falsePositives = 0;
  let falseNegatives = 0;
  let trueNegatives = 0;
  for (const step of steps(scores, labels)) {
    if (step.score >= threshold) {
      truePositives += step.anomalous;
      falsePositives += step.normal;
    } else {
      falseNegatives += step.anomalous;
      trueNegatives += step.normal;
    }
  }
  return {
    truePositives,
    falsePositives,
    falseNegatives,
    trueNegatives,
    precision: truePositives / (truePositives + falsePositives),
    recall: truePositives / (truePositives + falseNegatives),
  };
}

/** Rows that share a score. */
interface Step {
  readonly score: number;
  anomalous: number;
  normal: number;
}

/** One step per distinct score, the highest first. @throws RangeError unless there is a label for each score. */
function steps(scores: Float64Array, labels: Uint8Array): readonly Step[] {
  if (scores.length !== labels.length) throw new RangeError(`There are ${scores.length} scores and ${labels.length} labels.`);
  // Sorting numbers is several times faster than sorting rows by their number.
  const anomalous = scores.filter((score, row) => !Number.isNaN(score) && labels[row] !== 0).sort();
  const normal = scores.filter((score, row) => !Number.isNaN(score) && labels[row] === 0).sort();
  const found: Step[] = [];
  let [a, n] = [anomalous.length - 1, normal.length - 1];
  while (a >= 0 || n >= 0) {
    const score = Math.max(anomalous[a] ?? Number.NEGATIVE_INFINITY, normal[n] ?? Number.NEGATIVE_INFINITY);
    const step: Step = { score, anomalous: 0, normal: 0 };
    for (; a >= 0 && anomalous[a] === score; a--) step.anomalous++;
    for (; n >= 0 && normal[n] === score; n--) step.normal++;
    found.push(step);
  }
  return found;
}
