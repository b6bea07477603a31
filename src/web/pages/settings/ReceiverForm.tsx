import { Checkbox, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Receiver } from '../../../model/receiver.ts';
import { segment, send } from '../../api/http.ts';
import type { ShownReceiver } from '../../api/queries.ts';
import { FormFoot, FormNote, ticked, typed, useFields, useProblem } from '../../parts/form.tsx';
import { blank, kinds, plainFields } from './receiverFields.ts';

const severities = ['critical', 'warning', 'info'] as const;
const categories = ['anomaly', 'availability', 'cpu', 'memory', 'disk', 'network', 'other'] as const;

/** One channel. Secrets come back as ***, and *** keeps what is stored. */
export function ReceiverForm({ receiver, onClose }: { receiver: ShownReceiver | null; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { fields, set } = useFields<{ body: Receiver }>({ body: receiver ? withoutReadOnly(receiver) : blank('telegram') });
  const { body } = fields;
  const change = (part: Partial<Receiver>) => set('body')({ ...body, ...part } as Receiver);
  const save = useMutation({
    mutationFn: () => send('PUT', `settings/receivers/${segment(body.name)}`, body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['receivers'] });
      onClose();
    },
  });
  const problem = useProblem(save.error);
  const shown = plainFields[body.kind];
  const known = ['name', 'kind', 'severities', 'categories', ...shown.map(({ name }) => name)];
  const toggled = <T extends string>(list: readonly T[], one: T, on: boolean): T[] =>
    on ? [...list, one] : list.filter((other) => other !== one);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={receiver?.name ?? t('settings.addReceiver')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {receiver === null && (
          <>
            <NativeSelect
              label={t('settings.kindLabel')}
              value={body.kind}
              data-autofocus
              onChange={typed((kind) => set('body')({ ...blank(kind as Receiver['kind']), name: body.name }))}
              data={kinds.map((kind) => ({ value: kind, label: t(`settings.kind.${kind}`) }))}
            />
            <TextInput
              label={t('settings.receiverName')}
              description={t('settings.receiverNameHint')}
              name="name"
              required
              pattern="[a-z0-9][a-z0-9\-]{0,40}"
              value={body.name}
              onChange={typed((name) => change({ name }))}
              error={problem.at('name')}
            />
          </>
        )}
        {shown.map(({ name, word, hint, type, required }) => {
          const value = (body as unknown as Record<string, string | boolean>)[name];
          return type === 'boolean' ? (
            <Checkbox key={name} label={t(word)} checked={value === true} onChange={ticked((on) => change({ [name]: on }))} />
          ) : (
            <TextInput
              key={name}
              label={t(word)}
              name={name}
              type={type}
              required={required ?? false}
              autoComplete="off"
              description={hint && (receiver !== null || hint !== 'settings.secretHint') && t(hint)}
              value={String(value ?? '')}
              onChange={typed((text) => change({ [name]: text }))}
              error={problem.at(name)}
            />
          );
        })}
        <fieldset className="choices">
          <legend>{t('settings.severities')}</legend>
          {severities.map((one) => (
            <Checkbox
              key={one}
              label={t(`severity.${one}`)}
              checked={body.severities.includes(one)}
              onChange={ticked((on) => change({ severities: toggled(body.severities, one, on) }))}
            />
          ))}
        </fieldset>
        <fieldset className="choices">
          <legend>{t('settings.categories')}</legend>
          {categories.map((one) => (
            <Checkbox
              key={one}
              label={t(`settings.category.${one}`)}
              checked={body.categories.includes(one)}
              onChange={ticked((on) => change({ categories: toggled(body.categories, one, on) }))}
            />
          ))}
        </fieldset>
        <span className="soft small">{t('settings.noneIsAll')}</span>
        <Checkbox
          label={t('settings.sendResolved')}
          checked={body.sendResolved}
          onChange={ticked((sendResolved) => change({ sendResolved }))}
        />
        <Checkbox label={t('settings.enabled')} checked={body.enabled} onChange={ticked((enabled) => change({ enabled }))} />
        <FormNote text={problem.rest(known)} />
        <FormFoot busy={save.isPending} onClose={onClose} />
      </form>
    </Modal>
  );
}

function withoutReadOnly(shown: ShownReceiver): Receiver {
  const receiver: Receiver & { readOnly?: boolean } = { ...shown };
  delete receiver.readOnly;
  return receiver;
}
