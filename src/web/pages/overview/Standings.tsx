import { useTranslation } from 'react-i18next';
import type { FleetSummary, Standing } from '../../../model/fleet.ts';
import { useFormat } from '../../format/useFormat.ts';
import { standings } from '../../search.ts';

/** How many stand how; each shows those alone. */
export function Standings({
  counts,
  chosen,
  choose,
}: {
  counts: FleetSummary['counts'];
  chosen: Standing | undefined;
  choose: (standing: Standing | undefined) => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const all = standings.reduce((sum, standing) => sum + counts[standing], 0);
  const choices = [
    { standing: undefined, word: t('common.all'), count: all },
    ...standings
      .filter((standing) => counts[standing] > 0 || standing === chosen)
      .map((standing) => ({ standing, word: t(`state.${standing}`), count: counts[standing] })),
  ];
  return (
    <div className="standings" role="group" aria-label={t('overview.byState')}>
      {choices.map(({ standing, word, count }) => (
        <button
          key={word}
          type="button"
          className="standing"
          data-state={standing}
          aria-pressed={standing === chosen}
          onClick={() => choose(standing)}
        >
          {word} <span className="standing-count">{format.count(count)}</span>
        </button>
      ))}
    </div>
  );
}
