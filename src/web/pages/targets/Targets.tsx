import './targets.css';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TargetTest } from '../../../model/api.ts';
import { isDiscovered, type Target } from '../../../model/target.ts';
import { segment, send } from '../../api/http.ts';
import { targetsQuery } from '../../api/queries.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { Inventory, type Stands } from './Inventory.tsx';
import { useNames } from '../../parts/names.ts';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { useTitle } from '../../parts/useTitle.ts';
import { shownState } from '../overview/TargetRow.tsx';
import { inputOf } from './input.ts';
import { Found } from './Found.tsx';
import { Source } from './Source.tsx';
import { Sources } from './Sources.tsx';
import { TargetForm } from './TargetForm.tsx';
import { Tested } from './Tested.tsx';

/** What is watched: add, change, remove, and ask whether it answers. */
export function Targets() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = useQuery(targetsQuery);
  const [form, setForm] = useState<{ target: Target | null } | null>(null);
  const [leaving, setLeaving] = useState<Target | null>(null);
  const [said, setSaid] = useState('');
  const changed = () =>
    client.invalidateQueries({ predicate: ({ queryKey }) => ['targets', 'overview', 'ai'].includes(String(queryKey[0])) });
  const remove = useMutation({
    mutationFn: (target: Target) => send('DELETE', `targets/${segment(target.id)}`),
    onSuccess: (_, target) => {
      setLeaving(null);
      setSaid(t('targets.removed', { name: target.name }));
      return changed();
    },
  });
  useTitle(t('targets.title'));
  const add = (
    <RoleButton needs="operator" onClick={() => setForm({ target: null })}>
      {t('targets.add')}
    </RoleButton>
  );
  return (
    <>
      <div className="row apart">
        <h1>{t('targets.title')}</h1>
        {add}
      </div>
      <p className="lead">{t('targets.hint')}</p>
      <p role="status" className="small said">
        {said}
      </p>
      <Answer query={query}>
        {({ targets }) => (
          <Inventory targets={targets} empty={<Empty action={add}>{t('targets.empty')}</Empty>}>
            {(target, state) => (
              <Row key={target.id} target={target} state={state} onEdit={() => setForm({ target })} onRemove={() => setLeaving(target)} />
            )}
          </Inventory>
        )}
      </Answer>
      <Sources />
      <Found onAdded={changed} />
      <Source />
      {form && (
        <TargetForm
          target={form.target}
          onClose={() => setForm(null)}
          onSaved={(name) => {
            setForm(null);
            setSaid(t('targets.saved', { name }));
            void changed();
          }}
        />
      )}
      <Confirm
        opened={leaving !== null}
        title={t('targets.removeTitle', { name: leaving?.name ?? '' })}
        confirm={t('common.remove')}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => leaving && remove.mutate(leaving)}
        onClose={() => {
          setLeaving(null);
          remove.reset();
        }}
      >
        {t('targets.removeText')}
      </Confirm>
    </>
  );
}

interface RowProps {
  readonly target: Target;
  readonly state: Stands | undefined;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

function Row({ target, state, onEdit, onRemove }: RowProps) {
  const { t } = useTranslation();
  const { profile } = useNames();
  const sentence = useSentence();
  const own = target.managedBy === 'vigia';
  // An engine is no address that could be scraped; it is added and removed among its containers.
  const engine = target.managedBy === 'docker';
  const discovered = isDiscovered(target);
  const test = useMutation({ mutationFn: () => send<TargetTest>('POST', 'targets/test', inputOf(target)) });
  return (
    <li className="list-row own-row">
      <span className="own-name">
        <Link to="/hosts/$id" params={{ id: target.id }}>
          <strong>{target.name}</strong>
        </Link>
        <span className="soft small">{engine ? target.address : `${target.scheme}://${target.address}${target.metricsPath}`}</span>
      </span>
      <span>
        {target.enabled ? state && <StateMark state={shownState(state)} /> : <span className="soft">{t('targets.disabled')}</span>}
      </span>
      <span className="soft small own-profile">
        {profile(target.profile)}
        {Object.entries(target.labels).map(([name, value]) => (
          <code key={name}>
            {name}={value}
          </code>
        ))}
        {own && <span title={t('targets.ownHint')}>{t('targets.own')}</span>}
        {discovered && (
          <span title={t('targets.discoveredHint', { source: target.source ?? '' })}>
            {t(target.managedBy === 'dns' ? 'targets.fromDns' : 'targets.fromFiles', { source: target.source ?? '' })}
          </span>
        )}
      </span>
      {engine ? (
        <span />
      ) : (
        <span className="row own-buttons">
          <RoleButton
            needs="operator"
            size="xs"
            variant="default"
            loading={test.isPending}
            onClick={() => test.mutate()}
            aria-label={`${t('targets.test')} ${target.name}`}
          >
            {t('targets.test')}
          </RoleButton>
          <RoleButton needs="operator" size="xs" variant="default" onClick={onEdit} aria-label={`${t('common.edit')} ${target.name}`}>
            {t('common.edit')}
          </RoleButton>
          {!own && !discovered && (
            <RoleButton needs="operator" size="xs" variant="default" onClick={onRemove} aria-label={`${t('common.remove')} ${target.name}`}>
              {t('common.remove')}
            </RoleButton>
          )}
        </span>
      )}
      <span className="own-tested" role="status">
        {test.data && <Tested result={test.data} />}
        {test.error && <StateMark state="unknown" word={sentence(test.error)} />}
      </span>
    </li>
  );
}
