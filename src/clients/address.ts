import ipaddr from 'ipaddr.js';

/**
 * What an address is to the guarded fetch. `denied` carries the reason of the refusal.
 * `self` is this machine by loopback or "any" address; everything else is a far side, private ones included.
 */
export type AddressKind = { readonly kind: 'far' | 'self' } | { readonly kind: 'denied'; readonly reason: string };

const METADATA = 'it is a cloud metadata address, which gives out credentials';
const LINK_LOCAL = 'it is a link-local address, on which clouds give out credentials';
const NO_HOST = 'it is no address of a single host';

/** Addresses on which clouds answer with credentials; all of 169.254.0.0/16 is denied besides. */
const metadata = ['100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'].map((cidr) =>
  ipaddr.parseCIDR(cidr),
);

/** Prefixes that hide an IPv4 address in an IPv6 one, with the offset of its four bytes. */
const embedded = [
  ['64:ff9b::/96', 12],
  ['64:ff9b:1::/48', 12],
  ['2002::/16', 2],
  ['::/96', 12],
].map(([cidr, offset]) => ({ range: ipaddr.parseCIDR(cidr as string), offset: offset as number }));

/** Names under which clouds publish their metadata; needed where a proxy resolves the name for us. */
export const metadataNames: ReadonlySet<string> = new Set(['metadata.google.internal', 'metadata.goog', 'metadata', 'instance-data']);

/**
 * Classifies one resolved address.
 * @throws TypeError when the text is no IP address.
 */
export function classify(text: string): AddressKind {
  if (!ipaddr.isValid(text)) throw new TypeError('no IP address');
  const address = ipaddr.process(text);
  if (metadata.some(([base, bits]) => base.kind() === address.kind() && address.match(base as never, bits))) {
    return { kind: 'denied', reason: METADATA };
  }
  const range = address.range();
  if (range === 'linkLocal') return { kind: 'denied', reason: LINK_LOCAL };
  if (range === 'loopback' || range === 'unspecified') return { kind: 'self' };
  if (range === 'multicast' || range === 'broadcast') return { kind: 'denied', reason: NO_HOST };
  const first = address.toByteArray()[0] ?? 0;
  // 240.0.0.0/4, and 0.0.0.0/8 besides 0.0.0.0 itself.
  if (address.kind() === 'ipv4' && (first === 0 || first >= 240)) return { kind: 'denied', reason: NO_HOST };
  const hidden = embeddedV4(address);
  return hidden === null ? { kind: 'far' } : classify(hidden);
}

function embeddedV4(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  if (address.kind() !== 'ipv6') return null;
  const bytes = address.toByteArray();
  for (const { range, offset } of embedded) {
    if (address.match(range as [ipaddr.IPv6, number])) return bytes.slice(offset, offset + 4).join('.');
  }
  return null;
}

/** Whether a host is reached without the proxy: exact name, suffix (`.example.org` or `example.org`), CIDR, `HOST:PORT` or `*`. */
export function bypassesProxy(hostname: string, port: number, noProxy: readonly string[]): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const address = ipaddr.isValid(host) ? ipaddr.process(host) : null;
  if (address !== null && classify(host).kind === 'self') return true;
  return noProxy.some((raw) => {
    const entry = raw.trim().toLowerCase();
    if (entry === '') return false;
    if (entry === '*') return true;
    if (address !== null && ipaddr.isValidCIDR(entry)) {
      const [base, bits] = ipaddr.parseCIDR(entry);
      return base.kind() === address.kind() && address.match(base as never, bits);
    }
    const withPort = /^(.+):(\d+)$/.exec(entry);
    const [name, wanted] = withPort === null || ipaddr.isValid(entry) ? [entry, null] : [withPort[1] ?? '', Number(withPort[2])];
    if (wanted !== null && wanted !== port) return false;
    const suffix = name.replace(/^\*?\./, '');
    return host === suffix || (address === null && host.endsWith(`.${suffix}`));
  });
}
