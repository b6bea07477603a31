import ipaddr from 'ipaddr.js';
import { VigiaError } from '../../model/errors.ts';

/** Most addresses of one search. */
export const mostAddresses = 1_024;

const onlyPrivate = 'only private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) and this machine itself are searched';

/** Whether an IPv4 address is one that may be searched. */
export function isSearchable(address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  return ['private', 'loopback'].includes(ipaddr.IPv4.parse(address).range());
}

/**
 * The addresses of a network that a person named, without those of the network itself and of everybody in it.
 * @param text an IPv4 network or address: `192.168.1.0/24`.
 * @throws VigiaError `input-invalid` for what is no network or too large a one, `far-forbidden` for one that is not private.
 */
export function addressesIn(text: string): string[] {
  const [, address = '', length] = /^([0-9.]+)(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const bits = length === undefined ? 32 : Number(length);
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) || bits > 32) {
    throw new VigiaError('input-invalid', {
      field: 'network',
      problems: `network: "${text.slice(0, 64)}" is no network: write it like 192.168.1.0/24`,
    });
  }
  const size = 2 ** (32 - bits);
  const first = Math.floor(numberOf(address) / size) * size;
  const network = `${addressOf(first)}/${bits}`;
  if (!isSearchable(addressOf(first)) || !isSearchable(addressOf(first + size - 1)))
    throw new VigiaError('far-forbidden', { address: network, reason: onlyPrivate });
  if (size > mostAddresses) {
    throw new VigiaError('input-invalid', {
      field: 'network',
      problems: `network: ${network} has ${size} addresses, and at most ${mostAddresses} are searched at once: write a part of it, like ${addressOf(first)}/22`,
    });
  }
  const [from, to] = size > 2 ? [first + 1, first + size - 2] : [first, first + size - 1];
  return Array.from({ length: to - from + 1 }, (_, at) => addressOf(from + at));
}

/** What Linux says in /proc/net/arp: the neighbours it has spoken with and whose hardware address it knows. */
export function neighboursOf(arp: string): string[] {
  const complete = 0x2;
  const rows = arp
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  const there = rows.filter(([address = '', , flags = '']) => isSearchable(address) && (Number(flags) & complete) !== 0);
  return [...new Set(there.map(([address = '']) => address))];
}

/** An interface as `os.networkInterfaces` tells it. */
export interface Interface {
  readonly address: string;
  readonly cidr: string | null;
  readonly family: string;
  readonly internal: boolean;
}

/** This machine first, then its own addresses in private networks, then its neighbours. */
export function nearby(interfaces: readonly Interface[], arp: string): string[] {
  const own = interfaces.filter(({ internal, address }) => !internal && isSearchable(address)).map(({ address }) => address);
  return [...new Set(['127.0.0.1', ...own, ...neighboursOf(arp)])].slice(0, mostAddresses);
}

/** The private networks this machine is in, as far as they are small enough to be searched at once. */
export function networksOf(interfaces: readonly Interface[]): string[] {
  const networks = interfaces.flatMap(({ internal, address, cidr }) => {
    const bits = Number(cidr?.split('/')[1] ?? 32);
    const size = 2 ** (32 - bits);
    if (internal || !isSearchable(address) || size > mostAddresses || size < 2) return [];
    return [`${addressOf(Math.floor(numberOf(address) / size) * size)}/${bits}`];
  });
  return [...new Set(networks)].sort();
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const addressOf = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
