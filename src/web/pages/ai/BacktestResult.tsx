import { useTranslation } from 'react-i18next';
import type { Backtest, BacktestSide } from '../../../model/backtest.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useNames } from '../../parts/names.ts';
import { Episodes } from './Episodes.tsx';

const weekMs = 7 * 86_400_000;
const shownEpisodes = 20;

/** The findings of each setting side by side: in all, week by week, and the newest. */
export function BacktestResult({ result, nameOf }: { result: Backtest; nameOf: (entity: string) => string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { profile } = useNames();
  const { sides, input, fromMs, toMs } = result;
  const name = ({ detector, threshold }: BacktestSide) =>
    threshold === null ? detector : t('backtest.at', { detector, threshold: format.score(threshold) });
  const most = Math.max(1, ...sides.flatMap((side) => side.weeks.map((week) => week.episodes)));
  const rows = [
    { label: t('backtest.scored'), of: (side: BacktestSide) => format.count(side.scored) },
    { label: t('backtest.findings'), of: (side: BacktestSide) => format.count(side.findings) },
    { label: t('backtest.episodes'), title: t('backtest.episodesHint'), of: (side: BacktestSide) => format.count(side.episodes) },
    { label: t('backtest.perWeek'), of: (side: BacktestSide) => format.value((side.episodes * weekMs) / (toMs - fromMs), 'count') },
  ];
  return (
    <div className="stack ai-tables" data-testid="backtest-result">
      <p style={{ margin: 0 }}>
        {t('backtest.about', {
          profile: profile(input.profile),
          who: input.entity === undefined ? t('backtest.entities', { count: result.entities }) : nameOf(input.entity),
          from: format.moment(fromMs, 0),
          to: format.moment(toMs, 0),
        })}
      </p>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('backtest.title')}>
        <table className="table backtest-table">
          <thead>
            <tr>
              <th>{t('backtest.setting')}</th>
              {sides.map((side, at) => (
                <th key={at} className="number">
                  {name(side)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, title, of }) => (
              <tr key={label}>
                <td title={title}>{label}</td>
                {sides.map((side, at) => (
                  <td key={at} className="number">
                    {of(side)}
                  </td>
                ))}
              </tr>
            ))}
            <tr>
              <th colSpan={1 + sides.length}>{t('backtest.weeks')}</th>
            </tr>
            {sides[0]?.weeks.map((week, at) => (
              <tr key={week.fromMs} data-week>
                <td>{format.moment(week.fromMs)}</td>
                {sides.map((side, nth) => (
                  <td key={nth}>
                    <span className="share">
                      <span className="share-track" aria-hidden>
                        <span className="share-fill" style={{ width: `${((side.weeks[at]?.episodes ?? 0) / most) * 100}%` }} />
                      </span>
                      <span className="share-word">{format.count(side.weeks[at]?.episodes)}</span>
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="columns">
        {sides.map((side, at) => (
          <div key={at}>
            <h3 className="ai-side">{t('backtest.latest', { name: name(side) })}</h3>
            <Episodes
              profile={input.profile}
              label={`${at + 1}. ${t('backtest.latest', { name: name(side) })}`}
              episodes={side.latest.slice(0, shownEpisodes)}
              {...(input.entity === undefined ? { nameOf } : {})}
            />
          </div>
        ))}
      </div>
    </div>
  );
}
