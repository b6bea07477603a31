import { Button, Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Engine, EngineTest } from '../../../model/docker.ts';
import { segment, send } from '../../api/http.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { FormFoot, FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { RoleButton, useMay } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { StateMark } from '../../parts/StateMark.tsx';
import { useRemoval } from '../settings/useRemoval.ts';

/** The engines that are watched, each with the reason when it does not answer; and one that could be. */
export function Engines({
  engines,
  suggestion,
  onSaid,
}: {
  engines: readonly Engine[];
  suggestion: string | null;
  onSaid: (sentence: string) => void;
}) {
  const { t } = useTranslation();
  const may = useMay();
  const removal = useRemoval<Engine>(
    ({ id }) => `engines/${segment(id)}`,
    'containers',
    ({ name }) => onSaid(t('containers.removed', { name })),
  );
  const suggested = suggestion !== null && may('administrator') ? suggestion : null;
  if (engines.length === 0 && suggested === null) return null;
  return (
    <section className="section" aria-labelledby="engines">
      <header>
        <h2 id="engines">{t('containers.engines')}</h2>
      </header>
      <ul className="sheet plain-list grid-list engine-list">
        {engines.map((engine) => (
          <li key={engine.id} className="list-row engine-row" data-engine={engine.id}>
            <span className="engine-name">
              <Link to="/hosts/$id" params={{ id: engine.id }}>
                <strong>{engine.name}</strong>
              </Link>
              <span className="soft small">{engine.socket.replace(/^unix:\/\//, '')}</span>
            </span>
            <span className="engine-why">
              <StateMark state={engine.state} />
              {engine.reason !== '' && <span>{engine.reason}</span>}
            </span>
            <span className="soft small">
              {t('containers.engineCount', { count: engine.containers })}
              {engine.version !== '' && `, ${engine.version}`}
              {engine.from === 'file' && `, ${t('containers.fromFile')}`}
              {engine.from === 'target' && `, ${t('containers.fromTarget')}`}
            </span>
            {engine.from === 'page' ? (
              <RoleButton
                needs="administrator"
                size="xs"
                variant="default"
                onClick={() => removal.ask(engine)}
                aria-label={`${t('common.remove')} ${engine.name}`}
              >
                {t('common.remove')}
              </RoleButton>
            ) : (
              <span />
            )}
          </li>
        ))}
        {suggested !== null && (
          <li className="list-row engine-row engine-found">
            <span>{t('containers.found', { socket: suggested })}</span>
            <AddEngine suggestion={suggested} word={t('containers.watch')} onSaid={onSaid} />
          </li>
        )}
      </ul>
      <Confirm title={t('containers.removeTitle', { name: removal.leaving?.name ?? '' })} confirm={t('common.remove')} {...removal.dialog}>
        {t('containers.removeText')}
      </Confirm>
    </section>
  );
}

/** The button, and the form behind it: an engine is watched only after a person has named it. */
export function AddEngine({
  suggestion,
  word,
  onSaid,
}: {
  suggestion: string | null;
  word?: string | undefined;
  onSaid: (sentence: string) => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <RoleButton needs="administrator" {...(word === undefined ? {} : { size: 'xs', variant: 'default' })} onClick={() => setOpen(true)}>
        {word ?? t('containers.add')}
      </RoleButton>
      {open && (
        <EngineForm socket={suggestion ?? ''} onClose={() => setOpen(false)} onSaved={(name) => onSaid(t('containers.saved', { name }))} />
      )}
    </>
  );
}

const known = ['name', 'socket'] as const;

function EngineForm({ socket, onClose, onSaved }: { socket: string; onClose: () => void; onSaved: (name: string) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sentence = useSentence();
  const { fields, set } = useFields({ name: 'docker', socket });
  const save = useMutation({
    mutationFn: () => send('POST', 'engines', fields),
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: ({ queryKey }) => ['containers', 'overview', 'targets'].includes(String(queryKey[0])) });
      onSaved(fields.name);
      onClose();
    },
  });
  const test = useMutation({ mutationFn: () => send<EngineTest>('POST', 'engines/test', { ...fields, name: fields.name || 'test' }) });
  const problem = useProblem(save.error);
  return (
    <Modal opened onClose={onClose} size="lg" title={t('containers.add')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <p className="soft small" style={{ margin: 0 }}>
          {t('containers.addHint')}
        </p>
        <TextInput
          label={t('containers.name')}
          name="name"
          required
          maxLength={64}
          data-autofocus
          value={fields.name}
          onChange={typed(set('name'))}
          error={problem.at('name')}
        />
        <TextInput
          label={t('containers.socket')}
          description={t('containers.socketHint')}
          name="socket"
          required
          value={fields.socket}
          onChange={typed(set('socket'))}
          error={problem.at('socket')}
        />
        <FormNote text={problem.rest(known)} />
        <div role="status">
          {test.data && <StateMark state={test.data.ok ? 'ok' : 'bad'} word={test.data.message} />}
          <FormNote text={test.error ? sentence(test.error) : undefined} />
        </div>
        <FormFoot busy={save.isPending} onClose={onClose}>
          <Button variant="default" loading={test.isPending} disabled={fields.socket === ''} onClick={() => test.mutate()}>
            {t('containers.test')}
          </Button>
        </FormFoot>
      </form>
    </Modal>
  );
}
