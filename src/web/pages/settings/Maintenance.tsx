import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Maintenance as Planned } from '../../../model/maintenance.ts';
import { segment, send } from '../../api/http.ts';
import { aiQuery, maintenanceQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { Confirm } from '../../parts/Confirm.tsx';
import { FormNote } from '../../parts/form.tsx';
import { useNames } from '../../parts/names.ts';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { MaintenanceForm } from './MaintenanceForm.tsx';

const namesShown = 4;

/** What maintenance does, a form for more of it, and all of it: what runs, what comes, what was. */
export function Maintenance() {
  const { t } = useTranslation();
  const first = useSearch({ from: '/inside/settings/$section' });
  const query = useQuery(maintenanceQuery);
  const state = useQuery(aiQuery);
  return (
    <div className="stack">
      <p className="soft small" style={{ margin: 0 }}>
        {t('maintenance.hint')}
      </p>
      <Answer query={state}>{({ profiles }) => <MaintenanceForm profiles={profiles} first={first} />}</Answer>
      <Answer query={query}>
        {({ windows }) => (
          <ul className="sheet plain-list grid-list entries" aria-label={t('maintenance.list')}>
            {windows.length === 0 && (
              <li>
                <Empty>{t('maintenance.empty')}</Empty>
              </li>
            )}
            {windows.map((planned) => (
              <Row key={planned.id} planned={planned} />
            ))}
          </ul>
        )}
      </Answer>
    </div>
  );
}

function Row({ planned }: { planned: Planned }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useSentence();
  const client = useQueryClient();
  const names = useNames();
  const [asking, setAsking] = useState(false);
  const onSuccess = () => {
    setAsking(false);
    return client.invalidateQueries({ predicate: ({ queryKey }) => ['maintenance', 'marks'].includes(String(queryKey[0])) });
  };
  const end = useMutation({ mutationFn: () => send('POST', `maintenance/${segment(planned.id)}/end`), onSuccess });
  const remove = useMutation({ mutationFn: () => send('DELETE', `maintenance/${segment(planned.id)}`), onSuccess });
  const { entities, fromMs, toMs, state, text, by } = planned;
  const shown = entities.slice(0, namesShown).map(({ name }) => name);
  const who =
    entities.length === 0
      ? t('maintenance.all', { profile: names.profile(planned.profile) })
      : entities.length > namesShown
        ? t('maintenance.more', { names: shown.join(', '), count: entities.length - namesShown })
        : shown.join(', ');
  const from = format.moment(fromMs);
  return (
    <li className="entry" data-state={state}>
      <span className="entry-main">
        <strong title={entities.map(({ name }) => name).join(', ')}>{who}</strong>
        {text !== '' && <span>{text}</span>}
        {by !== '' && <span className="soft small">{t('incident.by', { who: by })}</span>}
      </span>
      <span className="entry-main">
        <span>{t(`maintenance.state.${state}`)}</span>
        <span className="soft small">
          {toMs === null ? t('maintenance.spanOpen', { from }) : t('maintenance.span', { from, to: format.moment(toMs) })}
        </span>
      </span>
      {state === 'past' ? (
        <RoleButton needs="operator" size="xs" variant="subtle" onClick={() => setAsking(true)}>
          {t('maintenance.remove')}
        </RoleButton>
      ) : (
        <RoleButton needs="operator" size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
          {t(state === 'running' ? 'maintenance.end' : 'maintenance.cancel')}
        </RoleButton>
      )}
      {end.error && (
        <span className="entry-wide">
          <FormNote text={sentence(end.error)} />
        </span>
      )}
      <Confirm
        opened={asking}
        title={t('maintenance.removeTitle')}
        confirm={t('maintenance.remove')}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      >
        {t('maintenance.removeText')}
      </Confirm>
    </li>
  );
}
