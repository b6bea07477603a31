import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { VigiaError } from '../../model/errors.ts';

const derive = promisify(argon2);

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const MOST_AT_ONCE = 2;
const MOST_WAITING = 30;

/** Two at once, so that sign-ins never take the machine's memory or all its cores. */
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MOST_AT_ONCE) {
    if (waiting.length >= MOST_WAITING) throw new VigiaError('too-many', { seconds: 5 });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** @returns `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, which carries its own cost. @throws VigiaError `too-many`. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(async () => {
    const nonce = randomBytes(16);
    const tag = await derive('argon2id', { ...cost, message: normal(password), nonce });
    return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(nonce)}$${base64(tag)}`;
  });
}

/** Verified in place of the hash of an account that does not exist, so that both take as long. */
const nobody = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(randomBytes(16))}$${base64(randomBytes(32))}`;

/** Null is no account: as much work, and never right. @throws VigiaError `too-many`. */
export function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  return inTurn(async () => {
    const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(stored ?? nobody);
    if (match === null) throw new Error('a password hash in the store has an unknown form');
    const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number];
    const expected = Buffer.from(match[5] ?? '', 'base64');
    const nonce = Buffer.from(match[4] ?? '', 'base64');
    const tag = await derive('argon2id', { message: normal(password), nonce, memory, passes, parallelism, tagLength: expected.length });
    return timingSafeEqual(tag, expected) && stored !== null;
  });
}

/** The same password typed on another keyboard may come composed differently. */
const normal = (password: string): Buffer => Buffer.from(password.normalize('NFKC'));

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
