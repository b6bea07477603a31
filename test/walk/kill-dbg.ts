import { place, startVigia } from './vigia.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpSync } from 'node:fs';
import { startExporter } from '../stand-ins/exporter.ts';
const at = await place();
process.env.VIGIA_LOG = 'debug';
const e = await startExporter(),
  f = await startExporter();
const v = await startVigia(at, { prometheus: { scrapeInterval: '1s' }, detection: { minimumSteps: 32 } });
for (const [n, x] of [
  ['a', e],
  ['b', f],
] as const)
  await v.api('POST', '/api/targets', { name: n, profile: 'linux-host', address: x.address });
await sleep(20000);
for (let k = 0; k < 4; k++) {
  const s = await v.status();
  const t0 = Date.now();
  process.kill(s.pids.Prometheus!, 'SIGKILL');
  let last = '';
  for (let i = 0; i < 400; i++) {
    const q0 = Date.now();
    const s = await v.status();
    const line = s.parts
      .filter((p) => p.state !== 'ok')
      .map((p) => `${p.part}:${p.state}:${p.reason}`)
      .join(' | ');
    if (line !== last || Date.now() - q0 > 500) console.log(k, ((Date.now() - t0) / 1000).toFixed(1), Date.now() - q0, line);
    last = line;
    if (i > 30 && s.state === 'ok') break;
    await sleep(100);
  }
  await sleep(3000 + k * 300);
}
cpSync(at.dataDir + '/vigia.ndjson', '/tmp/dbg.ndjson');
await v.stop();
await e.stop();
await f.stop();
at.remove();
