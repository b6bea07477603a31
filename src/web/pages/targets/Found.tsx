import { TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Found as FoundAnswer, Search, Suggestion } from '../../../model/discovery.ts';
import type { TargetInput } from '../../../model/target.ts';
import { send } from '../../api/http.ts';
import { foundQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote, typed, useProblem } from '../../parts/form.tsx';
import { useNames } from '../../parts/names.ts';
import { RoleButton, useMay } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';

/** What could be watched and is not: looked for only when a person asks, and added only when a person says so. */
export function Found({ onAdded }: { onAdded: () => void }) {
  const { t } = useTranslation();
  const may = useMay()('operator');
  const { data } = useQuery({ ...foundQuery, enabled: may });
  if (!data) return null;
  return (
    <section className="section" aria-labelledby="found">
      <header>
        <h2 id="found">{t('discovery.title')}</h2>
      </header>
      <div className="sheet padded stack">
        <p className="soft small" style={{ margin: 0 }}>
          {t('discovery.hint')}
        </p>
        <Ask networks={data.networks} running={data.search?.state === 'running'} />
        {data.search && <Last search={data.search} />}
      </div>
      <Suggestions found={data} onAdded={onAdded} />
    </section>
  );
}

function Ask({ networks, running }: { networks: readonly string[]; running: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [network, setNetwork] = useState('');
  const start = useMutation({
    mutationFn: () => send<Search>('POST', 'discovery/search', network.trim() === '' ? {} : { network: network.trim() }),
    onSettled: () => client.invalidateQueries({ queryKey: ['targets', 'found'] }),
  });
  const problem = useProblem(start.error);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <TextInput
        label={t('discovery.network')}
        name="network"
        description={[
          t('discovery.networkHint'),
          ...(networks.length === 0 ? [] : [t('discovery.networkNear', { networks: networks.join(', ') })]),
        ].join(' ')}
        maw={520}
        value={network}
        onChange={typed(setNetwork)}
        error={problem.at('network')}
      />
      <FormNote text={problem.rest(['network'])} />
      <span>
        <RoleButton needs="operator" type="submit" loading={start.isPending} disabled={running}>
          {t('discovery.search')}
        </RoleButton>
      </span>
    </form>
  );
}

function Last({ search }: { search: Search }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => send('DELETE', 'discovery/search'),
    onSettled: () => client.invalidateQueries({ queryKey: ['targets', 'found'] }),
  });
  const { state, tried, total, addresses, answered, by, endedMs } = search;
  if (state === 'running') {
    return (
      <div className="row">
        <progress className="found-progress" max={Math.max(1, total)} value={tried} aria-label={t('discovery.progress')} />
        <span className="small">{t('discovery.running', { percent: format.share(tried / Math.max(1, total)), count: addresses, by })}</span>
        <RoleButton needs="operator" variant="default" size="compact-sm" onClick={() => cancel.mutate()}>
          {t('discovery.cancel')}
        </RoleButton>
      </div>
    );
  }
  return (
    <p className="small" role="status" style={{ margin: 0 }}>
      {state === 'cancelled'
        ? t('discovery.cancelled')
        : t('discovery.done', { count: addresses, answered: format.count(answered), ago: format.ago(endedMs ?? 0) })}
    </p>
  );
}

function Suggestions({ found, onAdded }: { found: FoundAnswer; onAdded: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sentence = useSentence();
  const [said, setSaid] = useState('');
  const ask = () => client.invalidateQueries({ queryKey: ['targets', 'found'] });
  const add = useMutation({
    mutationFn: (suggestion: Suggestion) => send('POST', 'targets', inputOf(suggestion)),
    onSuccess: (_, { name }) => {
      setSaid(t('discovery.added', { name }));
      onAdded();
    },
  });
  const dismiss = useMutation({
    mutationFn: ({ address, profile }: Suggestion) => send('POST', 'discovery/dismissed', { address, profile }),
    onSuccess: (_, { address }) => {
      setSaid(t('discovery.dismissedOne', { address }));
      return ask();
    },
  });
  const restore = useMutation({ mutationFn: () => send('DELETE', 'discovery/dismissed'), onSuccess: ask });
  const { search, suggestions, dismissed } = found;
  const failure = add.error ?? dismiss.error ?? restore.error;
  return (
    <>
      <p role="status" className="small said">
        {said}
      </p>
      <FormNote text={failure ? sentence(failure) : undefined} />
      {suggestions.length === 0 ? (
        search?.state === 'done' && <p className="soft small">{t('discovery.nothing')}</p>
      ) : (
        <ul className="sheet plain-list" aria-label={t('discovery.found')}>
          {suggestions.map((suggestion) => (
            <Row
              key={`${suggestion.profile} ${suggestion.address}`}
              suggestion={suggestion}
              busy={add.isPending}
              onAdd={() => add.mutate(suggestion)}
              onDismiss={() => dismiss.mutate(suggestion)}
            />
          ))}
        </ul>
      )}
      {dismissed > 0 && (
        <p className="row small">
          <span className="soft">{t('discovery.dismissed', { count: dismissed })}</span>
          <RoleButton needs="operator" variant="default" size="compact-sm" loading={restore.isPending} onClick={() => restore.mutate()}>
            {t('discovery.restore')}
          </RoleButton>
        </p>
      )}
    </>
  );
}

interface RowProps {
  readonly suggestion: Suggestion;
  readonly busy: boolean;
  readonly onAdd: () => void;
  readonly onDismiss: () => void;
}

function Row({ suggestion, busy, onAdd, onDismiss }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { profile } = useNames();
  const { name, address, begins, matching, samples } = suggestion;
  return (
    <li className="list-row found-row" data-found={address}>
      <span className="found-name">
        <strong>{name}</strong>
        <span className="soft small">{address}</span>
      </span>
      <span className="found-why small">
        <span>{profile(suggestion.profile)}</span>
        <span className="soft">{t('discovery.why', { matching: format.count(matching), samples: format.count(samples), begins })}</span>
      </span>
      <span className="row own-buttons">
        <RoleButton needs="operator" size="xs" loading={busy} onClick={onAdd} aria-label={`${t('discovery.add')} ${name}`}>
          {t('discovery.add')}
        </RoleButton>
        <RoleButton needs="operator" size="xs" variant="default" onClick={onDismiss} aria-label={`${t('discovery.dismiss')} ${name}`}>
          {t('discovery.dismiss')}
        </RoleButton>
      </span>
    </li>
  );
}

/** The target that a suggestion would be. */
const inputOf = ({ name, profile, address }: Suggestion): TargetInput => ({
  name,
  profile,
  address,
  scheme: 'http',
  metricsPath: '/metrics',
  labels: {},
  enabled: true,
});
