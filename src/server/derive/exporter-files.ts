import { yamlText } from './yaml-text.ts';

/** The blackbox exporter's modules that the profiles http-endpoint and ping name. */
export function blackboxFile(): string {
  const ip = { preferred_ip_protocol: 'ip4', ip_protocol_fallback: true };
  return yamlText({
    modules: { http_2xx: { prober: 'http', timeout: '8s', http: ip }, icmp: { prober: 'icmp', timeout: '8s', icmp: ip } },
  });
}

const ifTable = '1.3.6.1.2.1.2.2.1';
const ifXTable = '1.3.6.1.2.1.31.1.1.1';
const sysUpTime = '1.3.6.1.2.1.1.3';

/** RFC 2863 (IF-MIB): what the profile snmp-switch asks for, by object and type. */
const interfaces = [
  ['ifAdminStatus', `${ifTable}.7`, 'gauge'],
  ['ifOperStatus', `${ifTable}.8`, 'gauge'],
  ['ifInDiscards', `${ifTable}.13`, 'counter'],
  ['ifInErrors', `${ifTable}.14`, 'counter'],
  ['ifOutDiscards', `${ifTable}.19`, 'counter'],
  ['ifOutErrors', `${ifTable}.20`, 'counter'],
  ['ifHCInOctets', `${ifXTable}.6`, 'counter'],
  ['ifHCInBroadcastPkts', `${ifXTable}.9`, 'counter'],
  ['ifHCOutOctets', `${ifXTable}.10`, 'counter'],
  ['ifHighSpeed', `${ifXTable}.15`, 'gauge'],
] as const;
const names = [
  ['ifAlias', `${ifXTable}.18`],
  ['ifDescr', `${ifTable}.2`],
  ['ifName', `${ifXTable}.1`],
] as const;

/**
 * The SNMP exporter's module if_mib. Releases before 0.23 keep version and community in the module, later ones apart from it
 * under a name, of which `public_v2` is the one that is taken unasked.
 */
export function snmpFile(isSplit: boolean): string {
  const lookups = names.map(([labelname, oid]) => ({ labels: ['ifIndex'], labelname, oid, type: 'DisplayString' }));
  const module = {
    walk: [...names.map(([, oid]) => oid), ...interfaces.map(([, oid]) => oid)],
    get: [`${sysUpTime}.0`],
    metrics: [
      { name: 'sysUpTime', oid: sysUpTime, type: 'gauge', help: `Hundredths of a second since the agent began - ${sysUpTime}` },
      ...interfaces.map(([name, oid, type]) => ({
        name,
        oid,
        type,
        help: `${name} - ${oid}`,
        indexes: [{ labelname: 'ifIndex', type: 'gauge' }],
        lookups,
      })),
    ],
  };
  const access = { community: 'public' };
  return yamlText(
    isSplit
      ? { auths: { public_v2: { ...access, version: 2 } }, modules: { if_mib: module } }
      : { if_mib: { ...module, version: 2, auth: access } },
  );
}

/** Whether a release of snmp_exporter keeps credentials apart: by what `--version` prints. */
export function snmpIsSplit(printed: string): boolean {
  const [, major = '1', minor = '0'] = /version (\d+)\.(\d+)/.exec(printed) ?? [];
  return Number(major) > 0 || Number(minor) >= 23;
}
