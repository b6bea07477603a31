import { Button, Checkbox } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ModelComparison } from '../../../model/backtest.ts';
import { type ModelInfo, pooledFrom } from '../../../model/score.ts';
import { get, send } from '../../api/http.ts';
import { modelsQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { Confirm } from '../../parts/Confirm.tsx';
import { FormNote } from '../../parts/form.tsx';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import type { Chosen } from './chosen.ts';
import { Comparison } from './Comparison.tsx';

/** The kept versions: what each was made of, two compared, and the way back. */
export function Models({ chosen }: { chosen: Chosen }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sentence = useSentence();
  const { profile, entity, hours } = chosen;
  const of = { profile: profile.profile, entity: entity.entity };
  const query = useQuery(modelsQuery(of.profile, of.entity));
  const [picked, setPicked] = useState<readonly number[]>([]);
  const [back, setBack] = useState<number | null>(null);
  const compare = useMutation({
    mutationFn: ([a, b]: readonly number[]) => get<ModelComparison>('ai/models/compare', { ...of, a, b, hours }),
  });
  const rollBack = useMutation({
    mutationFn: (version: number) => send<ModelInfo>('POST', 'ai/models/roll-back', { ...of, version }),
    onSuccess: async () => {
      setBack(null);
      await client.invalidateQueries({ predicate: ({ queryKey }) => ['ai', 'models', 'scores', 'host'].includes(String(queryKey[0])) });
    },
  });
  // The third choice replaces the older of the two.
  const pick = (version: number, on: boolean) =>
    setPicked((before) => (on ? [...before, version].slice(-2) : before.filter((one) => one !== version)));
  return (
    <section className="section" id="versions" aria-labelledby="versions-title">
      <header>
        <h2 id="versions-title">{t('models.title')}</h2>
      </header>
      <Answer query={query}>
        {({ models }) => {
          const pinned = models.find((model) => model.pinned);
          // Versions go when newer ones come.
          const known = picked.filter((version) => models.some((model) => model.version === version));
          return (
            <div className="sheet padded stack">
              <p className="soft small" style={{ margin: 0 }}>
                {t('models.hint')}
              </p>
              {pinned && <p style={{ margin: 0 }}>{t('models.pinnedHint', { version: pinned.version })}</p>}
              {models.length === 0 ? (
                <Empty>{t('models.none')}</Empty>
              ) : (
                <>
                  <div className="scroll" tabIndex={0} role="region" aria-labelledby="versions-title">
                    <table className="table">
                      <thead>
                        <tr>
                          <th>{t('models.compareColumn')}</th>
                          <th className="number">{t('models.version')}</th>
                          <th>{t('models.state')}</th>
                          <th>{t('models.detector')}</th>
                          <th>{t('models.created')}</th>
                          <th>{t('models.learned')}</th>
                          <th className="number">{t('models.steps')}</th>
                          <th className="number">{t('models.size')}</th>
                          <th title={t('models.dataHint')}>{t('models.data')}</th>
                          <th>
                            <span className="hidden-text">{t('common.actions')}</span>
                          </th>
                        </tr>
                      </thead>
                      <tbody>
                        {models.map((model) => (
                          <Row
                            key={model.id}
                            model={model}
                            picked={known.includes(model.version)}
                            onPick={(on) => pick(model.version, on)}
                            onBack={() => setBack(model.version)}
                          />
                        ))}
                      </tbody>
                    </table>
                  </div>
                  <div className="row">
                    <Button
                      variant="default"
                      disabled={known.length !== 2}
                      loading={compare.isPending}
                      onClick={() => compare.mutate(known.toSorted((a, b) => a - b))}
                    >
                      {t('models.compare')}
                    </Button>
                  </div>
                </>
              )}
              <div aria-live="polite" className="ai-result">
                <FormNote text={compare.error ? sentence(compare.error) : undefined} />
                {!compare.isPending && compare.data && <Comparison result={compare.data} />}
              </div>
            </div>
          );
        }}
      </Answer>
      <Confirm
        opened={back !== null}
        title={t('models.rollBackTo', { version: back ?? '' })}
        confirm={t('models.rollBack')}
        busy={rollBack.isPending}
        error={rollBack.error}
        onConfirm={() => back !== null && rollBack.mutate(back)}
        onClose={() => {
          setBack(null);
          rollBack.reset();
        }}
      >
        {t('models.rollBackWhy', { version: back ?? '', entity: entity.name })}
      </Confirm>
    </section>
  );
}

function Row(props: { model: ModelInfo; picked: boolean; onPick: (on: boolean) => void; onBack: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { model, picked } = props;
  const pooled = pooledFrom(model);
  return (
    <tr>
      <td>
        <Checkbox
          size="xs"
          aria-label={t('models.choose', { version: model.version })}
          checked={picked}
          disabled={model.state === 'corrupt'}
          onChange={(event) => props.onPick(event.currentTarget.checked)}
        />
      </td>
      <td className="number">{model.version}</td>
      <td className="nowrap">{t(model.pinned ? 'models.pinned' : `models.${model.state}`)}</td>
      <td className="nowrap">{model.detector}</td>
      <td className="nowrap">{format.moment(model.createdMs)}</td>
      <td className="nowrap">
        {t('models.between', { from: format.moment(model.trainedFromMs), to: format.moment(model.trainedToMs, model.trainedFromMs) })}
      </td>
      <td className="number">
        {format.count(model.steps)}
        {pooled !== null && <div className="soft nowrap">{t('models.pooled', { count: pooled })}</div>}
      </td>
      <td className="number nowrap">{format.value(model.bytes, 'bytes')}</td>
      <td title={model.dataSha256}>
        <code>{model.dataSha256.slice(0, 8) || '–'}</code>
      </td>
      <td>
        {model.state === 'retired' && (
          <RoleButton
            needs="operator"
            size="compact-sm"
            variant="default"
            aria-label={t('models.rollBackTo', { version: model.version })}
            onClick={props.onBack}
          >
            {t('models.rollBack')}
          </RoleButton>
        )}
      </td>
    </tr>
  );
}
