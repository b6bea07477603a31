import type { Panel, PanelQuery } from '../../dashboards/panel.ts';
import type { Profile } from '../model/profile.ts';

/** What a panel asks: its own queries, or its feature as the profile asks for it. Empty when the profile has no such feature. */
export function queriesOf(panel: Panel, profile: Profile): readonly PanelQuery[] {
  if (panel.queries !== undefined) return panel.queries;
  const feature = profile.features.find((each) => each.name === panel.feature);
  return feature === undefined ? [] : [{ expr: feature.expr, legend: entityLegend(profile) ?? feature.title.en }];
}

/** What tells the entities of one target apart; null where a target is its only one. */
function entityLegend(profile: Profile): string | null {
  const labels = profile.identity.filter((label) => label !== 'target');
  return labels.length === 0 ? null : labels.map((label) => `{{${label}}}`).join('/');
}
