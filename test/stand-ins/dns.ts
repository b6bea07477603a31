import { createSocket } from 'node:dgram';

const types = { A: 1, AAAA: 28, SRV: 33 } as const;
type Type = keyof typeof types;

/** What is said of a name: records, or a code of RFC 1035 such as 2 (SERVFAIL) or 3 (NXDOMAIN). */
type Said =
  | { readonly code: number }
  | { readonly ttl: number; readonly records: readonly (string | { readonly host: string; readonly port: number })[] };

export interface DnsStandIn {
  /** HOST:PORT. */
  readonly server: string;
  /** By type and name, as in "SRV _node._tcp.example.org"; of others there is nothing (NODATA). */
  readonly said: Map<string, Said>;
  /** What was asked, in the same words. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** A name server on loopback that knows what a test tells it (RFC 1035, RFC 2782, RFC 3596). */
export async function startDns(): Promise<DnsStandIn> {
  const said: DnsStandIn['said'] = new Map();
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    const word = `${type} ${name}`;
    asked.push(word);
    const found = said.get(word) ?? { ttl: 0, records: [] };
    const records = 'records' in found ? found.records.map((record) => recordOf(type, found.ttl, record)) : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // An answer, recursion asked for and there.
    header.writeUInt16BE(0x8180 | ('code' in found ? found.code : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  let open = true;
  return {
    server: `127.0.0.1:${socket.address().port}`,
    said,
    asked,
    stop: () =>
      new Promise((resolve) => {
        if (!open) return resolve();
        open = false;
        socket.close(() => resolve());
      }),
  };
}

function questionOf(query: Buffer): { name: string; type: Type | 'other'; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const number = query.readUInt16BE(at + 1);
  const type = (Object.keys(types) as Type[]).find((each) => types[each] === number) ?? 'other';
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function recordOf(type: Type | 'other', ttl: number, record: string | { host: string; port: number }): Buffer {
  const data = typeof record === 'string' ? addressOf(record) : serviceOf(record);
  const head = Buffer.alloc(12);
  // The name is that of the question, 12 bytes from the start.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type === 'other' ? 0 : types[type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function addressOf(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [before = '', after = ''] = text.split('::', 2);
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const zeros = Array.from({ length: 8 - words(before).length - words(after).length }, () => 0);
  return Buffer.from([...words(before), ...zeros, ...words(after)].flatMap((word) => [word >> 8, word & 255]));
}

function serviceOf({ host, port }: { host: string; port: number }): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  const labels = host.split('.').filter((label) => label !== '');
  return Buffer.concat([head, ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]), Buffer.from([0])]);
}
