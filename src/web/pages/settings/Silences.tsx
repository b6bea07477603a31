import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Silence } from '../../../model/incident.ts';
import { segment, send } from '../../api/http.ts';
import { silencesQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { FormNote } from '../../parts/form.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';

/** As Alertmanager writes them. */
const matchersOf = ({ matchers }: Silence): string =>
  matchers
    .map(({ name, value, isRegex, isEqual }) => `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}"${value}"`)
    .join(', ');

export function Silences() {
  const { t } = useTranslation();
  const format = useFormat();
  const sentence = useSentence();
  const client = useQueryClient();
  const query = useQuery(silencesQuery);
  const end = useMutation({
    mutationFn: (id: string) => send('DELETE', `silences/${segment(id)}`),
    onSuccess: () => client.invalidateQueries({ predicate: ({ queryKey }) => ['silences', 'incident'].includes(String(queryKey[0])) }),
  });
  return (
    <Answer query={query}>
      {({ silences }) => (
        <>
          <ul className="sheet plain-list grid-list entries">
            {silences.length === 0 && (
              <li>
                <Empty>{t('settings.silencesEmpty')}</Empty>
              </li>
            )}
            {silences.map((silence) => (
              <li key={silence.id} className="entry">
                <span className="entry-main">
                  <code>{matchersOf(silence)}</code>
                  <span className="soft small">{silence.comment}</span>
                </span>
                <span className="soft small">
                  {t('settings.until', { until: format.moment(silence.endsMs) })}, {t('incident.by', { who: silence.createdBy })}
                </span>
                <RoleButton
                  needs="operator"
                  size="xs"
                  variant="default"
                  loading={end.isPending && end.variables === silence.id}
                  onClick={() => end.mutate(silence.id)}
                  aria-label={`${t('settings.endSilence')}: ${matchersOf(silence)}`}
                >
                  {t('settings.endSilence')}
                </RoleButton>
              </li>
            ))}
          </ul>
          <FormNote text={end.error ? sentence(end.error) : undefined} />
        </>
      )}
    </Answer>
  );
}
