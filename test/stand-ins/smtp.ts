import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { received, type StandIn } from './received.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As the header came, decoded. */
  readonly subject: string;
  /** Header lines, unfolded. */
  readonly headers: readonly string[];
  /** All parts, decoded from quoted-printable. */
  readonly text: string;
  readonly username: string;
}

/** A stand-in of a mail server without TLS; with a password it asks for AUTH. Scripted statuses are SMTP codes, 451 for example. */
export async function startSmtp(login?: { username: string; password: string }): Promise<StandIn<Mail> & { readonly smarthost: string }> {
  const mails = received<Mail>('The mail server');
  const statuses: number[] = [];
  const server = new SMTPServer({
    disabledCommands: login === undefined ? ['STARTTLS', 'AUTH'] : ['STARTTLS'],
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onAuth(auth, _session, done) {
      const fits = auth.username === login?.username && auth.password === login?.password;
      done(fits ? null : new Error('wrong password'), fits ? { user: auth.username ?? '' } : undefined);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const status = statuses.shift() ?? 250;
        if (status !== 250) return done(Object.assign(new Error('scripted'), { responseCode: status }));
        const { mailFrom, rcptTo } = session.envelope;
        const raw = Buffer.concat(chunks).toString('utf8');
        mails.add({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map((to) => to.address),
          username: String(session.user ?? ''),
          ...parsed(raw),
        });
        return done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { smarthost: `127.0.0.1:${port}`, port, statuses, received: mails.list, waitFor: mails.waitFor, stop };
}

function parsed(raw: string): { subject: string; headers: string[]; text: string } {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const subject =
    headers
      .find((line) => /^subject:/i.test(line))
      ?.slice(8)
      .trim() ?? '';
  return { headers, subject: decodeWords(subject), text: decodeQuoted(raw.slice(end + 4).replace(/=\r\n/g, '')) };
}

/** RFC 2047 words in quoted-printable, as Alertmanager writes them. */
const decodeWords = (text: string): string =>
  text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?q\?([^?]*)\?=/gi, (_, word: string) => decodeQuoted(word.replaceAll('_', ' ')));

const decodeQuoted = (text: string): string =>
  text.replace(/(?:=[0-9A-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8'));
