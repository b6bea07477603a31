import type { PrometheusClient } from '../../clients/prometheus.ts';
import { VigiaError } from '../../model/errors.ts';
import { countStale, writeRequest } from './remote-read.ts';
import { matchersOf } from './selector.ts';
import { snappyDecode, snappyEncode } from './snappy.ts';

const maxAnswerBytes = 256 * 1024 * 1024;

/**
 * How many stale markers the series of a selector have in (fromMs, toMs]: "this series ended here". Prometheus's query API
 * keeps them to itself; its remote_read gives samples as they are stored. Null where that cannot be asked, as of most other
 * sources. @throws VigiaError `far-…` for whatever may be otherwise later.
 */
export async function staleIn(
  client: Pick<PrometheusClient, 'remoteRead'>,
  match: string,
  fromMs: number,
  toMs: number,
): Promise<number | null> {
  const matchers = matchersOf(match);
  if (matchers === null) return null;
  try {
    const answer = await client.remoteRead(snappyEncode(writeRequest({ fromMs: fromMs + 1, toMs, matchers })));
    return countStale(snappyDecode(answer, maxAnswerBytes));
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    // No such path, or not this kind of answer: it will not be otherwise for the next piece.
    if (thrown instanceof VigiaError && thrown.code === 'far-status' && Number(thrown.params['status']) < 500) return null;
    throw thrown;
  }
}
