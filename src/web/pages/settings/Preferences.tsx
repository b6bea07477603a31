import { Button, NativeSelect, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { send } from '../../api/http.ts';
import { FormNote, typed, useFields, useProblem } from '../../parts/form.tsx';
import { usePreferences } from '../../shell/preferences.ts';

/** What concerns the person alone. Each choice counts as it is made. */
export function Preferences() {
  const { t } = useTranslation();
  const { present, change } = usePreferences();
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')], []);
  const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <div className="stack settings-form">
        <NativeSelect
          label={t('theme.label')}
          value={present.theme}
          onChange={typed((theme) => void change({ theme: theme as typeof present.theme }))}
          data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`theme.${value}`) }))}
        />
        <NativeSelect
          label={t('language.label')}
          value={present.language}
          onChange={typed((language) => void change({ language: language as typeof present.language }))}
          data={(['auto', 'en', 'es'] as const).map((value) => ({ value, label: t(`language.${value}`) }))}
        />
        <NativeSelect
          label={t('settings.timeZone')}
          value={present.timeZone}
          onChange={typed((timeZone) => void change({ timeZone }))}
          data={[{ value: 'auto', label: t('settings.timeZoneAuto', { zone: browser }) }, ...zones]}
        />
      </div>
      <Password />
    </>
  );
}

function Password() {
  const { t } = useTranslation();
  const { fields, set, reset } = useFields({ current: '', password: '' });
  const change = useMutation({ mutationFn: () => send('PUT', 'session/password', fields), onSuccess: reset });
  const problem = useProblem(change.error);
  return (
    <form
      className="stack settings-form"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <h3>{t('settings.password')}</h3>
      <PasswordInput
        label={t('settings.currentPassword')}
        autoComplete="current-password"
        required
        value={fields.current}
        onChange={typed(set('current'))}
        error={problem.at('current')}
      />
      <PasswordInput
        label={t('settings.newPassword')}
        description={t('door.passwordHint')}
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
        value={fields.password}
        onChange={typed(set('password'))}
        error={problem.at('password')}
      />
      <FormNote text={problem.rest(['current', 'password'])} />
      <div className="row">
        <Button type="submit" variant="default" loading={change.isPending}>
          {t('settings.changePassword')}
        </Button>
        {change.isSuccess && <span role="status">{t('settings.passwordChanged')}</span>}
      </div>
    </form>
  );
}
