import type { Overview, PanelData } from '../../src/model/api.ts';
import { eventually } from '../../test/stand-ins/real.ts';
import { place, startVigia } from '../../test/walk/vigia.ts';
import type { Figure } from '../result.ts';

/** From `vigia up` on an empty data folder, with default settings and everything installed, to the first point of a chart. */
export async function firstChart(): Promise<Figure[]> {
  const at = await place();
  const startedMs = performance.now();
  const since = () => (performance.now() - startedMs) / 1000;
  const vigia = await startVigia(at, {});
  try {
    const watching = since();
    const [own] = (await vigia.api<Overview>('GET', '/api/overview')).targets;
    await eventually(
      'a point of the chart "cpu"',
      async () => {
        const range = `fromMs=${Date.now() - 600_000}&toMs=${Date.now()}`;
        const { series } = await vigia.api<PanelData>('GET', `/api/hosts/${own?.id}/panels/cpu?${range}`);
        return series.some(({ points }) => points.some(([, value]) => value !== null));
      },
      180_000,
    );
    return [
      { what: 'start to a page that answers', value: watching, unit: 's', atMost: 5 },
      { what: 'start to the first point of a chart', value: since(), unit: 's', atMost: 60 },
    ];
  } finally {
    await vigia.stop();
    at.remove();
  }
}
