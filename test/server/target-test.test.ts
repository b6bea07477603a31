import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type TargetInput, targetInputSchema } from '../../src/model/target.ts';
import type { House } from '../../src/server/house.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { testTarget } from '../../src/server/target-test.ts';

const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));

/** Tests a target whose far side answers this; also says whom Vigía asked. */
async function tested(
  input: Partial<TargetInput>,
  answer: string,
  status = 200,
): Promise<{ ok: boolean; message: string; asked: string[] }> {
  const asked: string[] = [];
  const house = {
    profiles,
    exporters: { addresses: { blackbox: '127.0.0.1:9115', snmp: '127.0.0.1:9116' }, own: new Set() },
    store: { targets: { list: async () => [] } },
    childCredential: { username: '', password: '' },
    fetch: async (url: string) => {
      asked.push(url);
      return { status, body: Buffer.from(answer) };
    },
  } as unknown as House;
  const target = targetInputSchema.parse({ name: 'x', profile: 'linux-host', address: 'x.example:9100', ...input });
  const { ok, message } = await testTarget(house, target);
  return { ok, message, asked };
}

describe('a target is tested as it will be scraped', () => {
  test('itself, and must have the exporter of its profile', async () => {
    expect(await tested({}, '# HELP a\nnode_load1 1\n')).toEqual({
      ok: true,
      message: 'It answers with 1 samples.',
      asked: ['http://x.example:9100/metrics'],
    });
    expect((await tested({}, 'windows_cpu_time_total{core="0"} 1\n')).message).toBe(
      'It answers with 1 samples, but none begins with node_: is this the right exporter for linux-host?',
    );
    expect((await tested({ profile: 'k8s-pod' }, 'node_load1 1\n')).message).toContain('none begins with container_ or kube_');
    expect((await tested({ profile: 'k8s-pod' }, 'kube_pod_info{pod="a"} 1\n')).ok).toBe(true);
  });

  test('through the exporter that is asked about it; an answer about a dead address is no good answer', async () => {
    const input = { profile: 'http-endpoint', address: 'x.example:443', scheme: 'https', metricsPath: '/' } as const;
    const asked = ['http://127.0.0.1:9115/probe?target=https%3A%2F%2Fx.example%3A443%2F&module=http_2xx'];
    expect(await tested(input, 'probe_success 1\n')).toEqual({ ok: true, message: 'It answers with 1 samples.', asked });
    expect(await tested(input, 'probe_success 0\n')).toEqual({
      ok: false,
      message: 'The exporter at 127.0.0.1:9115 answers, but https://x.example:443/ does not.',
      asked,
    });
    expect((await tested(input, '', 500)).message).toBe('It answered 500 instead of 200.');
  });
});
