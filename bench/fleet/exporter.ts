import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simulatedHosts } from './host.ts';

/** Simulated hosts behind real sockets: a process of its own, so that its work is not counted as Vigía's. */
export interface Exporter {
  /** In the order of `simulatedHosts`: the name, and where its metrics are. */
  readonly targets: readonly { readonly name: string; readonly address: string }[];
  stop(): Promise<void>;
}

/** One port on loopback per host: a target's address is its own. */
export async function startExporter(count: number, seed = 1): Promise<Exporter> {
  const child = fork(import.meta.filename, [String(count), String(seed)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ports = await new Promise<number[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number[]));
    child.once('exit', (code) => reject(new Error(`the simulated exporter ended with ${code}`)));
  });
  return {
    targets: simulatedHosts(count, seed).map(({ name }, index) => ({ name, address: `127.0.0.1:${ports[index]}` })),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function serve(count: number, seed: number): Promise<number[]> {
  const ports: number[] = [];
  for (const host of simulatedHosts(count, seed)) {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4').end(host.exposition(Date.now()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  return ports;
}

if (process.argv[1] === import.meta.filename) {
  // Whoever started it is gone: nobody scrapes any more.
  process.once('disconnect', () => process.exit(0));
  process.send?.(await serve(Number(process.argv[2]), Number(process.argv[3])));
}
