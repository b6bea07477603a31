import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesIn, isSearchable, mostAddresses, nearby, neighboursOf, networksOf } from '../../src/server/inventory/network.ts';
import { recognise } from '../../src/server/inventory/recognise.ts';
import { loadProfiles } from '../../src/server/profiles.ts';

describe('a network that a person names', () => {
  it('is all of its hosts', () => {
    expect(addressesIn('192.168.1.7')).toEqual(['192.168.1.7']);
    expect(addressesIn('192.168.1.7/30')).toEqual(['192.168.1.5', '192.168.1.6']);
    expect(addressesIn('10.0.0.0/31')).toEqual(['10.0.0.0', '10.0.0.1']);
    const all = addressesIn('172.16.4.0/22');
    expect([all.length, all[0], all.at(-1)]).toEqual([1022, '172.16.4.1', '172.16.7.254']);
    expect(addressesIn('127.0.0.1/32')).toEqual(['127.0.0.1']);
  });

  const onlyPrivate = /^Vigía does not connect to .*: only private networks .* and this machine itself are searched\.$/;
  it.each([
    '8.8.8.0/24',
    '8.8.8.8',
    '0.0.0.0/0',
    '192.168.0.0/15',
    '172.32.0.0/24',
    '100.64.0.0/24',
    '169.254.169.254',
    '224.0.0.1',
    '10.0.0.0/4',
  ])('is refused in a sentence where it is public: %s', (network) => expect(() => addressesIn(network)).toThrow(onlyPrivate));

  it.each(['', 'lan', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.256', '010.0.0.1', 'fd00::/120', '10.0.0.0/24 ', '0x0a.0.0.1'])(
    'is refused in a sentence where it is none: %j',
    (network) => expect(() => addressesIn(network)).toThrow(/is no network: write it like 192\.168\.1\.0\/24$/),
  );

  it('is refused with its size where it is too large', () => {
    expect(() => addressesIn('10.1.2.3/8')).toThrow(
      'network: 10.0.0.0/8 has 16777216 addresses, and at most 1024 are searched at once: write a part of it, like 10.0.0.0/22',
    );
  });

  it('never leads outside of what may be searched', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 20, max: 32 }), (address, bits) => {
        let addresses: string[];
        try {
          addresses = addressesIn(`${address}/${bits}`);
        } catch {
          return;
        }
        expect(addresses.length).toBeGreaterThan(0);
        expect(addresses.length).toBeLessThanOrEqual(mostAddresses);
        expect(addresses.every(isSearchable)).toBe(true);
        expect(new Set(addresses).size).toBe(addresses.length);
      }),
      { numRuns: 300 },
    );
  });
});

const arp = `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         aa:bb:cc:00:00:01     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.20     0x1         0x6         aa:bb:cc:00:00:02     *        eth0
192.168.1.1      0x1         0x2         aa:bb:cc:00:00:01     *        wlan0
203.0.113.1      0x1         0x2         aa:bb:cc:00:00:03     *        eth1
`;
const face = (cidr: string, internal = false) => ({ address: cidr.split('/')[0] as string, cidr, family: 'IPv4', internal });
const faces = [face('127.0.0.1/8', true), face('192.168.1.5/24'), face('172.17.0.1/16'), face('203.0.113.7/24'), face('fd00::5/64')];

describe('what is near', () => {
  it('are neighbours that were spoken with, in private networks alone', () => {
    expect(neighboursOf(arp)).toEqual(['192.168.1.1', '192.168.1.20']);
    expect(neighboursOf('')).toEqual([]);
    expect(nearby(faces, arp)).toEqual(['127.0.0.1', '192.168.1.5', '172.17.0.1', '192.168.1.1', '192.168.1.20']);
  });

  it('are the networks of this machine that are small enough', () => expect(networksOf(faces)).toEqual(['192.168.1.0/24']));
});

describe('an exporter', () => {
  const root = join(import.meta.dirname, '../..');
  const profiles = [...loadProfiles(join(root, 'profiles')).values()];
  const told = (text: string) => recognise(text, profiles);

  it.each([
    ['linux-host.txt', 'linux-host', 'node_'],
    ['windows-host.txt', 'windows-host', 'windows_'],
    ['windows-host-0.22.txt', 'windows-host', 'windows_'],
    ['postgres.txt', 'postgres', 'pg_'],
    ['redis.txt', 'redis', 'redis_'],
    ['nginx.txt', 'nginx', 'nginx_'],
    ['container.txt', 'container', 'container_'],
    ['energy-device.txt', 'energy-device', 'energy_'],
  ])('is told by its metrics: %s', (file, profile, begins) => {
    const found = told(readFileSync(join(root, 'test/fixtures/exporters', file), 'utf8'));
    expect(found).toMatchObject({ profile, begins });
    expect(found?.matching).toBeGreaterThan(0);
    expect(found?.matching).toBeLessThanOrEqual(found?.samples as number);
  });

  it('that is of no profile is none, and what is no exposition neither', () => {
    expect(told('go_goroutines 7\nprocess_open_fds 9\n')).toBeNull();
    expect(told('<html>node_exporter</html>')).toBeNull();
    expect(told('# HELP node_load1 x\n# TYPE node_load1 gauge\n')).toBeNull();
  });

  it('says how its host is called, in a word that may be a name', () => {
    const named = (nodename: string) =>
      told(`node_load1 1\nnode_uname_info{domainname="(none)",nodename="${nodename}",release="6"} 1\n`)?.hostname;
    expect(named('nas')).toBe('nas');
    expect(named('<img src=x>')).toBeNull();
    expect(told('windows_os_hostname{domain="",fqdn="pc",hostname="PC-7"} 1\n')?.hostname).toBe('PC-7');
  });
});
