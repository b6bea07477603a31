import { useTranslation } from 'react-i18next';
import type { Episode } from '../../../model/backtest.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useNames } from '../../parts/names.ts';

/** Episodes, newest first; with the target where there are several. */
export function Episodes(props: { profile: string; label: string; episodes: readonly Episode[]; nameOf?: (entity: string) => string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { feature } = useNames();
  const { nameOf } = props;
  if (props.episodes.length === 0) return <p className="soft">{t('backtest.none')}</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table className="table">
        <thead>
          <tr>
            <th>{t('common.time')}</th>
            {nameOf && <th>{t('backtest.target')}</th>}
            <th>{t('backtest.feature')}</th>
            <th>{t('backtest.lasting')}</th>
            <th className="number">{t('common.score')}</th>
          </tr>
        </thead>
        <tbody>
          {props.episodes.map((one) => (
            <tr key={`${one.entity} ${one.fromMs}`}>
              <td className="nowrap">{format.moment(one.fromMs)}</td>
              {nameOf && <td>{nameOf(one.entity)}</td>}
              <td>{one.feature === null ? '–' : feature(props.profile, one.feature).title}</td>
              <td className="nowrap">{format.span(one.toMs - one.fromMs)}</td>
              <td className="number">{format.score(one.score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
