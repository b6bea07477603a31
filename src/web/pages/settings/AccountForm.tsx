import { Checkbox, Modal, NativeSelect, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Account, AccountInput, Role, Scope } from '../../../model/account.ts';
import { segment, send } from '../../api/http.ts';
import { FormFoot, FormNote, ticked, typed, useFields, useProblem } from '../../parts/form.tsx';

export const roles: readonly Role[] = ['viewer', 'operator', 'administrator'];

export function AccountForm({ account, onClose }: { account: Account | null; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { fields, set } = useFields({
    name: account?.name ?? '',
    email: account?.email ?? '',
    role: account?.role ?? ('viewer' as Role),
    scope: account?.scope ?? { hosts: true, containers: true },
    disabled: account?.disabled ?? false,
    password: '',
  });
  const save = useMutation({
    mutationFn: () => {
      const { password, ...rest } = fields;
      const input: AccountInput = password === '' ? rest : { ...rest, password };
      return account ? send('PUT', `accounts/${segment(account.id)}`, input) : send('POST', 'accounts', input);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: ({ queryKey }) => ['accounts', 'session'].includes(String(queryKey[0])) });
      onClose();
    },
  });
  const problem = useProblem(save.error);
  return (
    <Modal
      opened
      onClose={onClose}
      title={account?.name ?? t('settings.addAccount')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput
          label={t('common.name')}
          required
          maxLength={64}
          data-autofocus
          autoComplete="off"
          value={fields.name}
          onChange={typed(set('name'))}
          error={problem.at('name')}
        />
        <TextInput
          label={t('door.email')}
          type="email"
          required
          autoComplete="off"
          value={fields.email}
          onChange={typed(set('email'))}
          error={problem.at('email')}
        />
        <PasswordInput
          label={t('door.password')}
          description={account ? t('settings.newPasswordKeep') : t('door.passwordHint')}
          required={account === null}
          minLength={10}
          maxLength={256}
          autoComplete="new-password"
          value={fields.password}
          onChange={typed(set('password'))}
          error={problem.at('password')}
        />
        <NativeSelect
          label={t('settings.role')}
          value={fields.role}
          onChange={typed((role) => set('role')(role as Role))}
          error={problem.at('role')}
          data={roles.map((role) => ({ value: role, label: t(`role.${role}`) }))}
        />
        <ScopeChoice scope={fields.scope} onChange={set('scope')} />
        {account && <Checkbox label={t('settings.accountDisabled')} checked={fields.disabled} onChange={ticked(set('disabled'))} />}
        <FormNote text={problem.rest(['name', 'email', 'password', 'role'])} />
        <FormFoot busy={save.isPending} onClose={onClose} />
      </form>
    </Modal>
  );
}

export function ScopeChoice({ scope, onChange }: { scope: Scope; onChange: (scope: Scope) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="choices">
      <legend>{t('settings.scope')}</legend>
      <Checkbox label={t('settings.hosts')} checked={scope.hosts} onChange={ticked((hosts) => onChange({ ...scope, hosts }))} />
      <Checkbox
        label={t('settings.containers')}
        checked={scope.containers}
        onChange={ticked((containers) => onChange({ ...scope, containers }))}
      />
    </fieldset>
  );
}
