import { Button, Slider } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { send } from '../../api/http.ts';
import { scoresQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty, Loading } from '../../parts/Answer.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { FormNote } from '../../parts/form.tsx';
import { ThresholdWhy } from '../../parts/ThresholdWhy.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import type { Chosen } from './chosen.ts';

const TimeChart = lazy(async () => ({ default: (await import('../../chart/TimeChart.tsx')).TimeChart }));

/** P21: the scores of the past under a threshold that one can move; the count follows while it is dragged. */
export function Threshold({ chosen, perWeek }: { chosen: Chosen; perWeek: number | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const sentence = useSentence();
  const { profile, entity, hours } = chosen;
  const query = useQuery(scoresQuery(profile.profile, entity.entity, hours));
  const inForce = entity.threshold ?? query.data?.threshold ?? null;
  /** What the slider says while it differs from the threshold in force. */
  const [drawn, setDrawn] = useState<number | null>(null);
  const threshold = drawn ?? inForce;
  const scores = useMemo(() => (query.data?.points ?? []).flatMap(([, score]) => (score === null ? [] : [score])), [query.data]);
  const series = useMemo(() => [{ legend: t('ai.scores'), points: query.data?.points ?? [] }], [t, query.data]);
  const above = threshold === null ? 0 : scores.filter((score) => score >= threshold).length;

  const save = useMutation({
    mutationFn: (value: number | null) =>
      send('PUT', 'ai/threshold', { profile: profile.profile, entity: entity.entity, threshold: value }),
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: ({ queryKey }) => ['ai', 'scores', 'overview', 'host'].includes(String(queryKey[0])) });
      setDrawn(null);
    },
  });
  return (
    <section className="section" id="threshold" aria-labelledby="threshold-title">
      <header>
        <h2 id="threshold-title">{t('ai.thresholdTitle')}</h2>
      </header>
      <div className="sheet padded stack">
        <p className="soft small" style={{ margin: 0 }}>
          {t('ai.thresholdHint')}
        </p>
        <Answer query={query}>
          {({ points }) =>
            scores.length === 0 || threshold === null ? (
              <Empty>{t('ai.noScores')}</Empty>
            ) : (
              <>
                <div className="threshold-count" aria-live="polite">
                  <strong data-testid="past-count">{t('ai.past', { count: above })}</strong>
                  <span className="soft"> {t('ai.pastOf', { total: format.count(scores.length) })}</span>
                </div>
                <Suspense fallback={<Loading />}>
                  <TimeChart
                    title={t('ai.scores')}
                    unit="count"
                    series={series}
                    fromMs={points[0]?.[0] ?? 0}
                    toMs={points.at(-1)?.[0] ?? 1}
                    threshold={threshold}
                    min={0}
                    max={1}
                    height={180}
                    sync="ai"
                  />
                </Suspense>
                <div className="threshold-controls">
                  <Slider
                    aria-label={t('ai.slider')}
                    thumbLabel={t('ai.slider')}
                    min={0}
                    max={1}
                    step={0.005}
                    value={threshold}
                    onChange={setDrawn}
                    label={(value) => format.score(value)}
                    marks={[
                      { value: 0, label: '0' },
                      { value: 0.5, label: format.value(0.5, 'count') },
                      { value: 1, label: '1' },
                    ]}
                  />
                  <span className="small">
                    <b>{format.score(threshold)}</b>{' '}
                    <span className="soft">{t(entity.thresholdOverride === null ? 'ai.ownLearned' : 'ai.own')}</span>
                  </span>
                  <span className="row">
                    <RoleButton
                      needs="operator"
                      disabled={drawn === null || drawn === inForce}
                      loading={save.isPending}
                      onClick={() => save.mutate(threshold)}
                    >
                      {t('ai.saveThreshold')}
                    </RoleButton>
                    {drawn !== null && (
                      <Button variant="subtle" onClick={() => setDrawn(null)}>
                        {t('common.cancel')}
                      </Button>
                    )}
                    {entity.thresholdOverride !== null && (
                      <RoleButton needs="operator" variant="default" onClick={() => save.mutate(null)}>
                        {t('ai.reset')}
                      </RoleButton>
                    )}
                  </span>
                </div>
                {drawn === null && <ThresholdWhy basis={entity.basis} perWeek={perWeek} />}
                <FormNote text={save.error ? sentence(save.error) : undefined} />
              </>
            )
          }
        </Answer>
      </div>
    </section>
  );
}
