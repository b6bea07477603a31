import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeHouse, fakeHouse } from './fake-house.ts';

let fake: FakeHouse;
beforeAll(async () => {
  fake = await fakeHouse({ nowMs: Date.UTC(2026, 0, 1), down: false, queries: 0, entities: new Map() });
});
afterAll(() => fake.stop());

describe('the page', () => {
  it('is served with a nonce of its own under every path, and nothing beside its files', async () => {
    const page = await fake.ask(null, 'GET', '/incidents/12?state=open');
    const nonce = /nonce="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(nonce).not.toContain('CSP');
    expect(page.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
    expect((await fake.ask(null, 'GET', '/assets/a-1.js')).headers['cache-control']).toContain('immutable');
    for (const path of ['/assets/../vigia.sqlite', '/assets/%2e%2e/vigia.sqlite', '/vigia.sqlite', '/api/nothing', '/assets/none.js']) {
      expect((await fake.ask(null, 'GET', path)).status).toBe(404);
    }
  });

  it('is sent compressed to who takes that, and not for files that are not', async () => {
    const get = (url: string) => fake.app.inject({ method: 'GET', url, headers: { 'accept-encoding': 'gzip, deflate' } });
    const small = await get('/assets/a-1.js');
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(small.headers['vary']).toMatch(/accept-encoding/i);
    expect(gunzipSync(small.rawPayload).toString()).toBe('1');
    expect(small.headers['content-type']).toContain('javascript');
    const plain = await fake.app.inject({ method: 'GET', url: '/assets/a-1.js' });
    expect([plain.headers['content-encoding'], plain.body]).toEqual([undefined, '1']);
  });

  it('answers /metrics only to machines', async () => {
    expect((await fake.ask(null, 'GET', '/metrics')).status).toBe(401);
    const answer = await fake.app.inject({ method: 'GET', url: '/metrics', headers: { authorization: 'Bearer machine' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('process_resident_memory_bytes');
  });
});
