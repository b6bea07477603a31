import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Session } from '../../../model/api.ts';
import { get, send } from '../../api/http.ts';
import { sessionQuery } from '../../api/queries.ts';
import { FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { Door } from './Door.tsx';

/** First run: the administrator is made here, once. */
export function Setup() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const router = useRouter();
  const { data: session } = useQuery(sessionQuery);
  const codeNeeded = session?.setupCodeNeeded === true;
  const { fields, set } = useFields({ name: '', email: '', password: '', repeat: '', code: '' });
  const create = useMutation({
    mutationFn: async () => {
      const { name, email, password, code } = fields;
      await send('POST', 'setup', { name, email, password, ...(codeNeeded ? { code } : {}) });
      return get<Session>('session');
    },
    onSuccess: async (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      await router.navigate({ to: session.account === null ? '/login' : '/' });
    },
  });
  const problem = useProblem(create.error);
  const different = fields.repeat !== '' && fields.repeat !== fields.password;
  return (
    <Door title={t('door.setup')} lead={t('door.setupWhy')}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!different) create.mutate();
        }}
      >
        <TextInput
          label={t('door.yourName')}
          name="name"
          autoComplete="name"
          required
          autoFocus
          maxLength={64}
          value={fields.name}
          onChange={typed(set('name'))}
          error={problem.at('name')}
        />
        <TextInput
          label={t('door.email')}
          type="email"
          name="email"
          autoComplete="username"
          required
          value={fields.email}
          onChange={typed(set('email'))}
          error={problem.at('email')}
        />
        <PasswordInput
          label={t('door.password')}
          description={t('door.passwordHint')}
          name="password"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={256}
          value={fields.password}
          onChange={typed(set('password'))}
          error={problem.at('password')}
        />
        <PasswordInput
          label={t('door.repeat')}
          name="repeat"
          autoComplete="new-password"
          required
          value={fields.repeat}
          onChange={typed(set('repeat'))}
          error={different ? t('door.different') : undefined}
        />
        {codeNeeded && (
          <TextInput
            label={t('door.code')}
            description={t('door.codeHint')}
            name="code"
            autoComplete="off"
            required
            value={fields.code}
            onChange={typed(set('code'))}
            error={problem.at('code')}
          />
        )}
        <FormNote text={problem.rest(['name', 'email', 'password', 'code'])} />
        <Button type="submit" loading={create.isPending}>
          {t('door.create')}
        </Button>
      </form>
    </Door>
  );
}
