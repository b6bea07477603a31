import { TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { IncidentDetail } from '../../../model/api.ts';
import type { Mark } from '../../../model/mark.ts';
import { segment, send } from '../../api/http.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote, typed, useProblem } from '../../parts/form.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { useChanged } from './changed.ts';

/** Says that the incident was a fault, so that its time is never learned; and what else its time is marked as. */
export function Marks({ incident }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const changed = useChanged(incident.id);
  const [text, setText] = useState('');
  const add = useMutation({
    mutationFn: () => send('POST', `incidents/${segment(incident.id)}/fault`, { text }),
    onSuccess: () => {
      setText('');
      return changed();
    },
  });
  const problem = useProblem(add.error);
  const isMarked = incident.marks.some(({ kind, incidentId }) => kind === 'fault' && incidentId === incident.id);
  return (
    <section className="section stack" aria-labelledby="fault">
      <h2 id="fault">{t('mark.title')}</h2>
      <p className="soft small" style={{ margin: 0 }}>
        {t('mark.hint')}
      </p>
      {incident.marks.length > 0 && (
        <ul className="sheet plain-list marks" aria-label={t('mark.list')}>
          {incident.marks.map((mark) => (
            <Row key={mark.id} mark={mark} incident={incident.id} />
          ))}
        </ul>
      )}
      {!isMarked && (
        <form
          className="row bottom"
          onSubmit={(event) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <TextInput
            label={t('mark.text')}
            placeholder={t('mark.textPlaceholder')}
            style={{ flex: '1 1 220px' }}
            maxLength={500}
            value={text}
            onChange={typed(setText)}
            error={problem.at('text')}
          />
          <RoleButton needs="operator" type="submit" variant="default" loading={add.isPending}>
            {t('mark.add')}
          </RoleButton>
        </form>
      )}
      <FormNote text={problem.rest(['text'])} />
    </section>
  );
}

function Row({ mark, incident }: { mark: Mark; incident: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useSentence();
  const changed = useChanged(incident);
  const remove = useMutation({ mutationFn: () => send('DELETE', `marks/${segment(mark.id)}`), onSuccess: changed });
  const from = format.moment(mark.fromMs);
  return (
    <li>
      <span className="timeline-text">
        <strong>{t(`mark.kind.${mark.kind}`)}</strong>{' '}
        {mark.toMs === null ? t('mark.open', { from }) : t('mark.span', { from, to: format.moment(mark.toMs) })}
        {mark.text !== '' && `: ${mark.text}`}
        {mark.by !== '' && <span className="soft"> {t('incident.by', { who: mark.by })}</span>}
        <FormNote text={remove.error ? sentence(remove.error) : undefined} />
      </span>
      {mark.kind === 'maintenance' && (
        <Link className="small" to="/settings/$section" params={{ section: 'maintenance' }}>
          {t('settings.maintenance')}
        </Link>
      )}
      {mark.kind === 'fault' && (
        <RoleButton needs="operator" size="xs" variant="subtle" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('mark.remove')}
        </RoleButton>
      )}
    </li>
  );
}
