import { container } from './container.ts';
import { energyDevice, snmpSwitch } from './devices.ts';
import { k8sNode, k8sPod } from './kubernetes.ts';
import { k8sWorkload } from './k8s-workload.ts';
import { linuxHost } from './linux-host.ts';
import type { Dashboard } from './panel.ts';
import { httpEndpoint, nginx, ping, postgres, redis } from './services.ts';
import { windowsHost } from './windows-host.ts';

/** Every dashboard; a new one is a file, or a part of one, and a word here. */
export const dashboards: readonly Dashboard[] = [
  linuxHost,
  windowsHost,
  container,
  k8sNode,
  k8sPod,
  k8sWorkload,
  energyDevice,
  snmpSwitch,
  httpEndpoint,
  ping,
  postgres,
  redis,
  nginx,
];

export function dashboardOf(profile: string): Dashboard | undefined {
  return dashboards.find((dashboard) => dashboard.profile === profile);
}
