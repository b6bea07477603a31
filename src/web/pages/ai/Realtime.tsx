import { Switch } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { send } from '../../api/http.ts';
import { useNames } from '../../parts/names.ts';
import { useSentence } from '../../parts/sentence.ts';
import { FormNote } from '../../parts/form.tsx';
import { useMay, useNeeds } from '../../parts/RoleButton.tsx';
import type { Chosen } from './chosen.ts';

/** P15, P22: the switch of the profile and the one of the entity, each with its light. */
export function Realtime({ chosen }: { chosen: Chosen }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sentence = useSentence();
  const { language } = useNames();
  const may = useMay()('operator');
  const needs = useNeeds()('operator');
  const { profile, entity } = chosen;
  const change = useMutation({
    mutationFn: (input: { entity?: string; on: boolean | null }) => send('PUT', 'ai/realtime', { profile: profile.profile, ...input }),
    onSuccess: () => client.invalidateQueries({ predicate: ({ queryKey }) => ['ai', 'overview', 'host'].includes(String(queryKey[0])) }),
  });
  const lines = [
    {
      key: 'profile',
      label: t('ai.realtimeProfile', { profile: profile.title[language] }),
      on: profile.realtime,
      set: (on: boolean) => change.mutate({ on }),
    },
    {
      key: 'entity',
      label: t('ai.realtimeEntity', { entity: entity.name }),
      on: entity.realtime,
      // Back to what the profile says is no exception any more.
      set: (on: boolean) => change.mutate({ entity: entity.entity, on: on === profile.realtime ? null : on }),
    },
  ];
  return (
    <section className="section" id="realtime" aria-labelledby="realtime-title">
      <header>
        <h2 id="realtime-title">{t('ai.realtime')}</h2>
      </header>
      <div className="sheet">
        {lines.map(({ key, label, on, set }) => (
          <div key={key} className="realtime-row">
            <Switch
              label={label}
              checked={on}
              disabled={!may || change.isPending}
              title={may ? undefined : needs}
              onChange={(event) => set(event.currentTarget.checked)}
            />
            <span className="light small" data-on={on} data-light={key}>
              {on ? t('ai.scoring') : t('ai.notScoring')}
            </span>
          </div>
        ))}
        <FormNote text={change.error ? sentence(change.error) : undefined} />
      </div>
    </section>
  );
}
