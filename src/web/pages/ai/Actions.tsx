import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs';
import { useTranslation } from 'react-i18next';
import type { Collected, Detected, Evaluation } from '../../../model/api.ts';
import type { ModelInfo } from '../../../model/score.ts';
import { apiUrl, send } from '../../api/http.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote } from '../../parts/form.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { RoleButton } from '../../parts/RoleButton.tsx';
import type { Chosen } from './chosen.ts';
import { CollectedResult, DetectedResult, EvaluatedResult, TrainedResult } from './Results.tsx';

type Done =
  | { readonly act: 'collect'; readonly result: Collected }
  | { readonly act: 'train'; readonly result: ModelInfo }
  | { readonly act: 'evaluate'; readonly result: Evaluation }
  | { readonly act: 'detect'; readonly result: Detected };

const acts = ['collect', 'train', 'evaluate', 'detect'] as const;

/** P15–P19: each button does one thing and shows what came of it. */
export function Actions({ chosen }: { chosen: Chosen }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const sentence = useSentence();
  const { entity, profile, hours } = chosen;
  const range = { profile: profile.profile, entity: entity.entity, hours };
  const run = useMutation({
    mutationFn: async (act: Done['act']): Promise<Done> => ({ act, result: await send('POST', `ai/${act}`, range) }) as Done,
    onSuccess: ({ act }) =>
      act === 'collect'
        ? undefined
        : client.invalidateQueries({ predicate: ({ queryKey }) => ['ai', 'scores', 'findings', 'models'].includes(String(queryKey[0])) }),
  });
  const { model, learningUntilMs } = entity;
  return (
    <section className="section" aria-labelledby="model">
      <header>
        <h2 id="model">{t('ai.actions')}</h2>
      </header>
      <div className="sheet padded stack">
        <p className="small" style={{ margin: 0 }}>
          {model !== null
            ? t('host.modelLine', {
                version: model.version,
                detector: model.detector,
                created: format.moment(model.createdMs),
                steps: format.count(model.steps),
                from: format.moment(model.trainedFromMs, 0),
                to: format.moment(model.trainedToMs, 0),
              })
            : learningUntilMs === null
              ? t('ai.noModelYet')
              : t('ai.noModel', { until: format.moment(learningUntilMs) })}
        </p>
        <div className="row">
          {acts.map((act) => (
            <RoleButton
              key={act}
              needs="operator"
              variant={act === 'detect' ? 'filled' : 'default'}
              title={t(`ai.${act}Hint`)}
              disabled={run.isPending && run.variables !== act}
              loading={run.isPending && run.variables === act}
              onClick={() => run.mutate(act)}
            >
              {t(`ai.${act}`)}
            </RoleButton>
          ))}
          <Button
            variant="default"
            component="a"
            href={apiUrl('ai/features.csv', range)}
            download
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t('ai.csv')}
          </Button>
        </div>
        <div aria-live="polite" className="ai-result">
          {run.isPending && <span className="soft">{t('ai.working')}</span>}
          <FormNote text={run.error ? sentence(run.error) : undefined} />
          {!run.isPending && run.data && <Result done={run.data} />}
        </div>
      </div>
    </section>
  );
}

function Result({ done }: { done: Done }) {
  switch (done.act) {
    case 'collect':
      return <CollectedResult result={done.result} />;
    case 'train':
      return <TrainedResult result={done.result} />;
    case 'evaluate':
      return <EvaluatedResult result={done.result} />;
    case 'detect':
      return <DetectedResult result={done.result} />;
  }
}
