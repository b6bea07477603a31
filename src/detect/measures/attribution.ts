/** Whether an explanation names the right features. `ranked`: most guilty first, each once; `truth`: the guilty ones. */

/** Of the truly guilty, the share among the first `share` x |truth| ranked (HitRate@P of OmniAnomaly, KDD 2019). NaN without truth. */
export function hitRate(ranked: readonly string[], truth: ReadonlySet<string>, share: number): number {
  return ranked.slice(0, placesOf(truth, share)).filter((name) => truth.has(name)).length / truth.size;
}

/** Normalized discounted cumulative gain of the first `share` x |truth| ranked, gain 1 for each that is guilty. NaN without truth. */
export function ndcg(ranked: readonly string[], truth: ReadonlySet<string>, share: number): number {
  const places = placesOf(truth, share);
  const discount = (place: number): number => 1 / Math.log2(place + 2);
  let gained = 0;
  for (const [place, name] of ranked.slice(0, places).entries()) if (truth.has(name)) gained += discount(place);
  let ideal = 0;
  for (let place = 0; place < Math.min(places, truth.size); place++) ideal += discount(place);
  return gained / ideal;
}

/** A little is added so that 1.5 x 2 is 3 whatever the rounding. */
const placesOf = (truth: ReadonlySet<string>, share: number): number => Math.floor(share * truth.size + 1e-9);
