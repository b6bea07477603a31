/** How good scores are against labels. Rows whose score is NaN are left out. */

/**
 * Area under the ROC curve: the chance that an anomalous row scores above a normal one, ties counting half
 * (Mann-Whitney). NaN when one kind is missing.
 */
export function rocAuc(scores: Float64Array, labels: readonly boolean[]): number {
  const order = scored(scores).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let positives = 0;
  let rankSum = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++;
    const meanRank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) {
      if (labels[order[i] as number] !== true) continue;
      positives++;
      rankSum += meanRank;
    }
    from = to;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
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

/** Precision and recall of "score >= threshold", row by row, without point adjustment. */
export function qualityAt(threshold: number, scores: Float64Array, labels: readonly boolean[]): ThresholdQuality {
  let truePositives = 0;
  let falsePositives = 0;
  let falseNegatives = 0;
  let trueNegatives = 0;
  for (const row of scored(scores)) {
    const found = (scores[row] as number) >= threshold;
    if (labels[row] === true) {
      if (found) truePositives++;
      else falseNegatives++;
    } else if (found) falsePositives++;
    else trueNegatives++;
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

function scored(scores: Float64Array): number[] {
  const rows: number[] = [];
  for (let row = 0; row < scores.length; row++) if (!Number.isNaN(scores[row])) rows.push(row);
  return rows;
}
