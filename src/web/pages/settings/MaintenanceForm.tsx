import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AiState } from '../../../model/api.ts';
import type { Maintenance } from '../../../model/maintenance.ts';
import { send } from '../../api/http.ts';
import { targetsQuery } from '../../api/queries.ts';
import { localText, momentOf, nextHour } from '../../format/local.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { useNames } from '../../parts/names.ts';
import { RoleButton } from '../../parts/RoleButton.tsx';

const hourMs = 3_600_000;
const presets = ['hour', 'hours', 'tonight', 'open'] as const;
/** The fields are to the minute: what began this long ago begins now. */
const recentMs = 120_000;

interface Props {
  readonly profiles: AiState['profiles'];
  /** What is chosen at first. */
  readonly first: { readonly profile?: string | undefined; readonly entity?: string | undefined };
}

/** Plans a window of one target, of a group, or of a whole profile. */
export function MaintenanceForm({ profiles, first }: Props) {
  const { t } = useTranslation();
  const { timeZone } = useFormat();
  const { language } = useNames();
  const client = useQueryClient();
  const targets = useQuery(targetsQuery).data?.targets ?? [];
  const start = spanOf('hour', timeZone);
  const { fields, set, reset } = useFields({
    profile: profiles.find(({ profile }) => profile === first.profile)?.profile ?? profiles[0]?.profile ?? '',
    what: first.entity === undefined || first.profile === undefined ? 'all' : `entity ${first.entity}`,
    ...start,
    text: '',
  });
  const [bad, setBad] = useState<'from' | 'to' | null>(null);
  const add = useMutation({
    mutationFn: (body: object) => send<Maintenance>('POST', 'maintenance', body),
    onSuccess: () => {
      reset();
      return client.invalidateQueries({ predicate: ({ queryKey }) => ['maintenance', 'marks'].includes(String(queryKey[0])) });
    },
  });
  const problem = useProblem(add.error);
  const profile = profiles.find((one) => one.profile === fields.profile);
  const mine = targets.filter((target) => target.profile === fields.profile);
  const known: readonly { entity: string; name: string }[] = profile?.entities ?? [];
  // What somebody came for is offered, whether it was seen lately or not.
  const isNew = first.entity !== undefined && first.profile === fields.profile && !known.some(({ entity }) => entity === first.entity);
  const entities = isNew && first.entity !== undefined ? [...known, { entity: first.entity, name: first.entity }] : known;
  const groups = [...new Set(mine.flatMap(({ labels }) => labels['group'] ?? []))].sort();

  const plan = (): void => {
    const typedMs = momentOf(fields.from, timeZone);
    const toMs = fields.to === '' ? null : momentOf(fields.to, timeZone);
    const wrong = Number.isNaN(typedMs) ? 'from' : Number.isNaN(toMs) ? 'to' : null;
    setBad(wrong);
    if (wrong !== null) return;
    const sinceMs = Date.now() - typedMs;
    const [kind, name] = [fields.what.slice(0, fields.what.indexOf(' ')), fields.what.slice(fields.what.indexOf(' ') + 1)];
    add.mutate({
      profile: fields.profile,
      ...(kind === 'entity' ? { entities: [name] } : kind === 'group' ? { group: name } : {}),
      fromMs: sinceMs >= 0 && sinceMs < recentMs ? Date.now() : typedMs,
      toMs,
      text: fields.text,
    });
  };
  return (
    <form
      className="sheet padded stack"
      aria-label={t('maintenance.plan')}
      onSubmit={(event) => {
        event.preventDefault();
        plan();
      }}
    >
      <div className="row bottom">
        <NativeSelect
          label={t('maintenance.profile')}
          value={fields.profile}
          onChange={typed((value) => {
            set('profile')(value);
            set('what')('all');
          })}
          data={profiles.map((one) => ({ value: one.profile, label: one.title[language] }))}
        />
        <NativeSelect
          label={t('maintenance.what')}
          style={{ flex: '1 1 220px' }}
          value={fields.what}
          onChange={typed(set('what'))}
          error={problem.at('entities') ?? problem.at('group')}
          data={[
            { value: 'all', label: t('maintenance.all', { profile: profile?.title[language] ?? fields.profile }) },
            {
              group: t('maintenance.groups'),
              items: groups.map((group) => ({ value: `group ${group}`, label: t('maintenance.group', { group }) })),
            },
            {
              group: t('maintenance.targets'),
              items: entities.map(({ entity, name }) => ({ value: `entity ${entity}`, label: name })),
            },
          ]}
        />
      </div>
      <div className="row bottom">
        <TextInput
          type="datetime-local"
          label={t('maintenance.from')}
          required
          value={fields.from}
          onChange={typed(set('from'))}
          error={bad === 'from' ? t('maintenance.badTime') : problem.at('fromMs')}
        />
        <TextInput
          type="datetime-local"
          label={t('maintenance.to')}
          title={t('maintenance.toHint')}
          value={fields.to}
          onChange={typed(set('to'))}
          error={bad === 'to' ? t('maintenance.badTime') : problem.at('toMs')}
        />
        <span className="row" role="group" aria-label={t('maintenance.presets')}>
          {presets.map((preset) => (
            <Button
              key={preset}
              size="compact-sm"
              variant="default"
              onClick={() => {
                const span = spanOf(preset, timeZone);
                set('from')(span.from);
                set('to')(span.to);
              }}
            >
              {t(`maintenance.${preset}`)}
            </Button>
          ))}
        </span>
      </div>
      <p className="soft small" style={{ margin: 0 }}>
        {t('maintenance.toHint')}. {t('maintenance.zone', { zone: timeZone })}.
      </p>
      <div className="row bottom">
        <TextInput
          label={t('maintenance.text')}
          placeholder={t('maintenance.textPlaceholder')}
          style={{ flex: '1 1 220px' }}
          maxLength={500}
          value={fields.text}
          onChange={typed(set('text'))}
          error={problem.at('text')}
        />
        <RoleButton needs="operator" type="submit" loading={add.isPending}>
          {t('maintenance.plan')}
        </RoleButton>
      </div>
      <FormNote text={problem.rest(['entities', 'group', 'fromMs', 'toMs', 'text'])} />
    </form>
  );
}

function spanOf(preset: (typeof presets)[number], timeZone: string): { from: string; to: string } {
  const now = Date.now();
  const fromMs = preset === 'tonight' ? nextHour(2, now, timeZone) : now;
  const lastsMs = { hour: hourMs, hours: 4 * hourMs, tonight: 2 * hourMs, open: null }[preset];
  return { from: localText(fromMs, timeZone), to: lastsMs === null ? '' : localText(fromMs + lastsMs, timeZone) };
}
