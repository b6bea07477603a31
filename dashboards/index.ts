import { linuxHost } from './linux-host.ts';
import type { Dashboard } from './panel.ts';

/** Every dashboard; a new one is a file and a line here. */
export const dashboards: readonly Dashboard[] = [linuxHost];

export function dashboardOf(profile: string): Dashboard | undefined {
  return dashboards.find((dashboard) => dashboard.profile === profile);
}
