import { Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { IncidentDetail } from '../../../model/api.ts';
import { segment, send } from '../../api/http.ts';
import { FormNote, typed, useProblem } from '../../parts/form.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useChanged } from './changed.ts';
import { Level } from './Level.tsx';
import { Marks } from './Marks.tsx';

const silences = [60, 480, 1440] as const;

/** What a person can do about it: write a note, stop the messages for a while, accept the level, mark a fault. */
export function Act({ incident }: { incident: IncidentDetail }) {
  return (
    <div className="columns">
      <Note id={incident.id} />
      {incident.state !== 'closed' && <Silence id={incident.id} />}
      {incident.canAccept && <Level incident={incident} />}
      <Marks incident={incident} />
    </div>
  );
}

function Note({ id }: { id: number }) {
  const { t } = useTranslation();
  const changed = useChanged(id);
  const [text, setText] = useState('');
  const add = useMutation({
    mutationFn: () => send('POST', `incidents/${segment(id)}/notes`, { text }),
    onSuccess: () => {
      setText('');
      return changed();
    },
  });
  const problem = useProblem(add.error);
  return (
    <section className="section">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Textarea
          label={t('incident.note')}
          placeholder={t('incident.notePlaceholder')}
          autosize
          minRows={2}
          required
          withAsterisk={false}
          value={text}
          onChange={typed(setText)}
          error={problem.at('text')}
        />
        <FormNote text={problem.rest(['text'])} />
        <div>
          <RoleButton needs="operator" type="submit" variant="default" loading={add.isPending}>
            {t('incident.addNote')}
          </RoleButton>
        </div>
      </form>
    </section>
  );
}

function Silence({ id }: { id: number }) {
  const { t } = useTranslation();
  const changed = useChanged(id);
  const [comment, setComment] = useState('');
  const silence = useMutation({
    mutationFn: (minutes: number) => send('POST', `incidents/${segment(id)}/silence`, { minutes, comment }),
    onSuccess: () => {
      setComment('');
      return changed();
    },
  });
  const problem = useProblem(silence.error);
  return (
    <section className="section stack" aria-labelledby="silence">
      <h2 id="silence">{t('incident.silence')}</h2>
      <TextInput
        label={t('incident.comment')}
        placeholder={t('incident.commentPlaceholder')}
        value={comment}
        onChange={typed(setComment)}
        error={problem.at('comment')}
      />
      <FormNote text={problem.rest(['comment'])} />
      <span className="soft small">{t('incident.silenceHint')}</span>
      <div className="row">
        {silences.map((minutes) => (
          <RoleButton
            key={minutes}
            needs="operator"
            variant="default"
            loading={silence.isPending && silence.variables === minutes}
            onClick={() => silence.mutate(minutes)}
          >
            {t(`incident.silenceFor.m${minutes}`)}
          </RoleButton>
        ))}
        {silence.isSuccess && <span role="status">{t('incident.silenced')}</span>}
      </div>
    </section>
  );
}
