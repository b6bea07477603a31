import type { TargetTest } from '../model/api.ts';
import { reasonOf } from '../model/errors.ts';
import type { TargetInput } from '../model/target.ts';
import { scrapeOf } from './discovery.ts';
import type { House } from './house.ts';

const deadlineMs = 8_000;
const maxBytes = 10 * 1024 * 1024;
/** A sample line of the text format: name, optional labels, a number. */
const sampleLine = /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?\s+(NaN|[+-]?Inf|[+-]?[0-9.]+([eE][+-]?[0-9]+)?)(\s+[0-9.]+)?$/;

/** Scrapes a target once, as Prometheus would, and says in a sentence what came. Never throws. */
export async function testTarget(house: House, target: TargetInput): Promise<TargetTest> {
  const startedMs = performance.now();
  const told = (ok: boolean, message: string, samples = 0): TargetTest => ({
    ok,
    message,
    samples,
    durationMs: Math.round(performance.now() - startedMs),
  });
  try {
    const profile = house.profiles.get(target.profile);
    const through = profile?.through?.exporter;
    const isChild = through !== undefined && house.exporters.own.has(through);
    const own = isChild || (await house.store.targets.list()).some((each) => each.managedBy === 'vigia' && each.address === target.address);
    const { username, password } = house.childCredential;
    const { scheme, address, path, params } = scrapeOf(target, profile, house.exporters.addresses);
    const query = new URLSearchParams(params).toString();
    const answer = await house.fetch(`${scheme}://${address}${path}${query === '' ? '' : `?${query}`}`, {
      headers: {
        accept: 'text/plain;version=0.0.4',
        ...(own ? { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } : {}),
      },
      deadlineMs,
      maxBytes,
      allowLoopback: true,
      ownChild: own,
      what: 'It',
    });
    if (answer.status !== 200) return told(false, `It answered ${answer.status} instead of 200.`);
    const lines = answer.body
      .toString('utf8')
      .split('\n')
      .map((line) => line.trimEnd())
      .filter((line) => line !== '' && !line.startsWith('#'));
    const samples = lines.filter((line) => sampleLine.test(line)).length;
    if (samples === 0) return told(false, 'It answered, but not with metrics in the Prometheus text format.');
    if (samples < lines.length)
      return told(false, `${lines.length - samples} of ${lines.length} lines are no samples of the Prometheus text format.`, samples);
    const wanted = profile?.recognise ?? [];
    if (wanted.length > 0 && !lines.some((line) => wanted.some((start) => line.startsWith(start)))) {
      return told(
        false,
        `It answers with ${samples} samples, but none begins with ${wanted.join(' or ')}: is this the right exporter for ${target.profile}?`,
        samples,
      );
    }
    if (lines.includes('probe_success 0'))
      return told(false, `The exporter at ${address} answers, but ${params['target']} does not.`, samples);
    return told(true, `It answers with ${samples} samples.`, samples);
  } catch (thrown) {
    return told(false, reasonOf(thrown));
  }
}
