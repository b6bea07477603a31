import './ai.css';
import { Button, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { AiState } from '../../../model/api.ts';
import { aiQuery } from '../../api/queries.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useNames } from '../../parts/names.ts';
import { useMay } from '../../parts/RoleButton.tsx';
import { aiHours, aiSearch, usualHours } from '../../search.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { Actions } from './Actions.tsx';
import { Backtest } from './Backtest.tsx';
import type { Chosen } from './chosen.ts';
import { History } from './History.tsx';
import { Models } from './Models.tsx';
import { Realtime } from './Realtime.tsx';
import { Threshold } from './Threshold.tsx';

export function AiPage() {
  const { t } = useTranslation();
  const query = useQuery(aiQuery);
  useTitle(t('ai.title'));
  return (
    <>
      <h1>{t('ai.title')}</h1>
      <p className="lead">{t('ai.hint')}</p>
      <Answer query={query}>{(state) => <Known state={state} />}</Answer>
    </>
  );
}

function Known({ state }: { state: AiState }) {
  const { t } = useTranslation();
  const { language } = useNames();
  const may = useMay()('operator');
  const search = useSearch({ from: '/inside/ai' });
  const navigate = useNavigate({ from: '/ai' });
  const hours = search.hours ?? usualHours;
  const withEntities = state.profiles.filter(({ entities }) => entities.length > 0);
  const profile = withEntities.find((one) => one.profile === search.profile) ?? withEntities[0];
  const entity = profile?.entities.find((one) => one.entity === search.entity) ?? profile?.entities[0];
  if (!profile || !entity) {
    return (
      <div className="sheet section">
        <Empty action={may && <Button renderRoot={(props) => <Link to="/targets" {...props} />}>{t('overview.addTarget')}</Button>}>
          {t('ai.empty')}
        </Empty>
      </div>
    );
  }
  const choose = (part: { profile?: string; entity?: string; hours?: number }) =>
    void navigate({ search: aiSearch({ profile: profile.profile, entity: entity.entity, hours, ...part }), replace: true });
  const chosen: Chosen = { profile, entity, hours };
  const key = `${profile.profile} ${entity.entity}`;
  return (
    <>
      <div className="row bottom section">
        <NativeSelect
          label={t('ai.profile')}
          value={profile.profile}
          onChange={(event) => choose({ profile: event.currentTarget.value, entity: '' })}
          data={withEntities.map((one) => ({ value: one.profile, label: one.title[language] }))}
        />
        <NativeSelect
          label={t('ai.entity')}
          value={entity.entity}
          onChange={(event) => choose({ entity: event.currentTarget.value })}
          data={profile.entities.map((one) => ({ value: one.entity, label: one.name }))}
        />
        <NativeSelect
          label={t('ai.hours')}
          value={String(hours)}
          onChange={(event) => choose({ hours: Number(event.currentTarget.value) })}
          data={[...new Set([...aiHours, hours])]
            .sort((a, b) => a - b)
            .map((count) => ({
              value: String(count),
              label: count >= 24 && count % 24 === 0 ? t('ai.daysValue', { count: count / 24 }) : t('ai.hoursValue', { count }),
            }))}
        />
      </div>
      <Actions key={`actions ${key}`} chosen={chosen} />
      <Threshold key={`threshold ${key}`} chosen={chosen} perWeek={state.falseAlarmsPerWeek} />
      <Realtime chosen={chosen} />
      <Models key={`models ${key}`} chosen={chosen} />
      <Backtest key={`backtest ${key}`} chosen={chosen} detector={state.detector} detectors={state.detectors} />
      <History chosen={chosen} />
    </>
  );
}
