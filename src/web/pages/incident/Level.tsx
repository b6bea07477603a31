import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { IncidentDetail } from '../../../model/api.ts';
import { segment, send } from '../../api/http.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote } from '../../parts/form.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { useChanged } from './changed.ts';

/** The new level counts as normal, now instead of in some hours. */
export function Level({ incident }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useSentence();
  const changed = useChanged(incident.id);
  const accept = useMutation({
    mutationFn: () => send('POST', `incidents/${segment(incident.id)}/accept`),
    onSuccess: changed,
  });
  return (
    <section className="section stack" aria-labelledby="level">
      <h2 id="level">{t('level.title')}</h2>
      <p className="soft small" style={{ margin: 0 }}>
        {t('level.hint', { name: incident.name, span: format.span(incident.acceptAfterMs) })}
      </p>
      <FormNote text={accept.error ? sentence(accept.error) : undefined} />
      <div>
        <RoleButton needs="operator" variant="default" loading={accept.isPending} onClick={() => accept.mutate()}>
          {t('level.accept')}
        </RoleButton>
      </div>
    </section>
  );
}
