/**
 * Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank (Spearman 1904). Pairs of which
 * one is NaN are left out.
 * @param a @param b one value per row, of equal length
 * @returns -1 to 1; NaN for fewer than two pairs, or where one side is constant
 */
export function rankCorrelation(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) throw new RangeError(`There are ${a.length} values on one side and ${b.length} on the other.`);
  const both: number[] = [];
  for (let row = 0; row < a.length; row++) if (!Number.isNaN(a[row]) && !Number.isNaN(b[row])) both.push(row);
  const left = ranks(Float64Array.from(both, (row) => a[row] as number));
  const right = ranks(Float64Array.from(both, (row) => b[row] as number));
  const mean = (both.length + 1) / 2;
  let shared = 0;
  let leftOnly = 0;
  let rightOnly = 0;
  for (let at = 0; at < both.length; at++) {
    const x = (left[at] as number) - mean;
    const y = (right[at] as number) - mean;
    shared += x * y;
    leftOnly += x * x;
    rightOnly += y * y;
  }
  return leftOnly === 0 || rightOnly === 0 ? Number.NaN : Math.max(-1, Math.min(1, shared / Math.sqrt(leftOnly * rightOnly)));
}

/** 1 for the smallest; equal values share their mean rank. */
function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values, (_, at) => at).sort((x, y) => (values[x] as number) - (values[y] as number));
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let at = from; at < to; at++) result[order[at] as number] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}
