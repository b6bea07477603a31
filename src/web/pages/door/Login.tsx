import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Session } from '../../../model/api.ts';
import { get, send } from '../../api/http.ts';
import { sessionQuery } from '../../api/queries.ts';
import { FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { Door } from './Door.tsx';

export function Login() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const router = useRouter();
  const { next } = useSearch({ from: '/login' });
  const { fields, set } = useFields({ email: '', password: '' });
  const signIn = useMutation({
    mutationFn: async () => {
      await send('POST', 'session', fields);
      return get<Session>('session');
    },
    onSuccess: async (session) => {
      // Whatever another account saw in this tab is not this one's to see.
      client.removeQueries();
      client.setQueryData(sessionQuery.queryKey, session);
      await (next === undefined ? router.navigate({ to: '/' }) : router.navigate({ href: router.history.createHref(next) }));
    },
  });
  const problem = useProblem(signIn.error);
  return (
    <Door title={t('door.signIn')}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate();
        }}
      >
        <TextInput
          label={t('door.email')}
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={fields.email}
          onChange={typed(set('email'))}
          error={problem.at('email')}
        />
        <PasswordInput
          label={t('door.password')}
          name="password"
          autoComplete="current-password"
          required
          value={fields.password}
          onChange={typed(set('password'))}
          error={problem.at('password')}
        />
        <FormNote text={problem.rest(['email', 'password'])} />
        <Button type="submit" loading={signIn.isPending}>
          {t('door.signIn')}
        </Button>
      </form>
    </Door>
  );
}
