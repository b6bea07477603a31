import { Modal, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Role } from '../../../model/account.ts';
import type { TokenMade } from '../../../model/api.ts';
import { send } from '../../api/http.ts';
import { FormFoot, FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { roles, ScopeChoice } from './AccountForm.tsx';

const dayMs = 86_400_000;

export function TokenForm({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { fields, set } = useFields({
    name: '',
    role: 'viewer' as Role,
    scope: { hosts: true, containers: true },
    days: '' as number | '',
  });
  const make = useMutation({
    mutationFn: () => {
      const { days, ...rest } = fields;
      return send<TokenMade>('POST', 'tokens', { ...rest, expiresMs: days === '' ? null : Date.now() + days * dayMs });
    },
    onSuccess: async ({ token }) => {
      await client.invalidateQueries({ queryKey: ['tokens'] });
      onMade(token);
    },
  });
  const problem = useProblem(make.error);
  return (
    <Modal opened onClose={onClose} title={t('settings.addToken')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <TextInput
          label={t('common.name')}
          required
          maxLength={64}
          data-autofocus
          value={fields.name}
          onChange={typed(set('name'))}
          error={problem.at('name')}
        />
        <NativeSelect
          label={t('settings.role')}
          value={fields.role}
          onChange={typed((role) => set('role')(role as Role))}
          data={roles.map((role) => ({ value: role, label: t(`role.${role}`) }))}
        />
        <ScopeChoice scope={fields.scope} onChange={set('scope')} />
        <NumberInput
          label={t('settings.expiresDays')}
          description={t('settings.expiresNever')}
          min={1}
          max={3650}
          allowDecimal={false}
          value={fields.days}
          onChange={(value) => set('days')(typeof value === 'number' ? value : '')}
          error={problem.at('expiresMs')}
        />
        <FormNote text={problem.rest(['name', 'expiresMs'])} />
        <FormFoot busy={make.isPending} word={t('common.add')} onClose={onClose} />
      </form>
    </Modal>
  );
}
