import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { segment, send } from '../../api/http.ts';
import { receiversQuery, type ShownReceiver } from '../../api/queries.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { Badge, StateMark } from '../../parts/StateMark.tsx';
import { ReceiverForm } from './ReceiverForm.tsx';
import { useRemoval } from './useRemoval.ts';

/** Who is told. A test proves that a message arrives before one is needed. */
export function Receivers() {
  const { t } = useTranslation();
  const query = useQuery(receiversQuery);
  const [form, setForm] = useState<{ receiver: ShownReceiver | null } | null>(null);
  const { leaving, ask, dialog } = useRemoval<ShownReceiver>(({ name }) => `settings/receivers/${segment(name)}`, 'receivers');
  const add = (
    <RoleButton needs="administrator" onClick={() => setForm({ receiver: null })}>
      {t('settings.addReceiver')}
    </RoleButton>
  );
  return (
    <div className="stack">
      <div className="row apart">
        <span className="soft small">{t('settings.receiversHint')}</span>
        {add}
      </div>
      <Answer query={query}>
        {({ receivers }) => (
          <ul className="sheet plain-list grid-list entries">
            {receivers.length === 0 && (
              <li>
                <Empty>{t('settings.receiversEmpty')}</Empty>
              </li>
            )}
            {receivers.map((receiver) => (
              <Row key={receiver.name} receiver={receiver} onEdit={() => setForm({ receiver })} onRemove={() => ask(receiver)} />
            ))}
          </ul>
        )}
      </Answer>
      {form && <ReceiverForm receiver={form.receiver} onClose={() => setForm(null)} />}
      <Confirm {...dialog} title={t('settings.removeReceiver', { name: leaving?.name ?? '' })} confirm={t('common.remove')}>
        {t('settings.removeReceiverText')}
      </Confirm>
    </div>
  );
}

function Row({ receiver, onEdit, onRemove }: { receiver: ShownReceiver; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const sentence = useSentence();
  const test = useMutation({
    mutationFn: () => send<{ ok: boolean; message: string }>('POST', `settings/receivers/${segment(receiver.name)}/test`),
  });
  const wanted = [
    ...receiver.severities.map((one) => t(`severity.${one}`)),
    ...receiver.categories.map((one) => t(`settings.category.${one}`)),
  ];
  return (
    <li className="entry">
      <span className="entry-main">
        <strong>{receiver.name}</strong>
        <span className="soft small">
          {t(`settings.kind.${receiver.kind}`)} {destination(receiver)}
        </span>
      </span>
      <span className="soft small entry-main">
        <span>
          {wanted.length === 0 ? t('settings.everything') : wanted.join(', ')}{' '}
          {!receiver.enabled && <Badge tone="plain">{t('state.off')}</Badge>}
        </span>
        {receiver.readOnly && <span>{t('settings.readOnly')}</span>}
      </span>
      <span className="row">
        <RoleButton
          needs="administrator"
          size="xs"
          variant="default"
          loading={test.isPending}
          onClick={() => test.mutate()}
          aria-label={`${t('settings.sendTest')} ${receiver.name}`}
        >
          {t('settings.sendTest')}
        </RoleButton>
        {!receiver.readOnly && (
          <>
            <RoleButton
              needs="administrator"
              size="xs"
              variant="default"
              onClick={onEdit}
              aria-label={`${t('common.edit')} ${receiver.name}`}
            >
              {t('common.edit')}
            </RoleButton>
            <RoleButton
              needs="administrator"
              size="xs"
              variant="default"
              onClick={onRemove}
              aria-label={`${t('common.remove')} ${receiver.name}`}
            >
              {t('common.remove')}
            </RoleButton>
          </>
        )}
      </span>
      <span className="entry-wide small" role="status">
        {test.data && (
          <StateMark
            state={test.data.ok ? 'ok' : 'bad'}
            word={t(test.data.ok ? 'settings.testSent' : 'settings.testFailed', { message: test.data.message })}
          />
        )}
        {test.error && <StateMark state="bad" word={t('settings.testFailed', { message: sentence(test.error) })} />}
      </span>
    </li>
  );
}

function destination(receiver: ShownReceiver): string {
  switch (receiver.kind) {
    case 'telegram':
      return receiver.chatId;
    case 'email':
      return receiver.to;
    case 'webhook':
      return receiver.url;
    case 'discord':
      return '';
  }
}
