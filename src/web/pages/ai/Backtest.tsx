import { NativeSelect, NumberInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Backtest as BacktestState, BacktestInput } from '../../../model/backtest.ts';
import { send } from '../../api/http.ts';
import { backtestQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { FormNote, typed, useFields } from '../../parts/form.tsx';
import { useNames } from '../../parts/names.ts';
import { RoleButton } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { BacktestResult } from './BacktestResult.tsx';
import type { Chosen } from './chosen.ts';

/** Any detector and threshold over history, alone or against another. One backtest at a time, everybody's. */
export function Backtest({ chosen, detector, detectors }: { chosen: Chosen; detector: string; detectors: readonly string[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sentence = useSentence();
  const { language } = useNames();
  const { profile, entity } = chosen;
  const { fields, set } = useFields({ who: 'one', days: 30, detector, against: '' });
  const [threshold, setThreshold] = useState<number | null>(null);
  const [againstThreshold, setAgainstThreshold] = useState<number | null>(null);
  const query = useQuery(backtestQuery);
  const last = query.data?.backtest ?? null;
  const running = last?.state === 'running';
  const ask = () => client.invalidateQueries({ queryKey: ['backtest'] });
  const start = useMutation({ mutationFn: (input: BacktestInput) => send<BacktestState>('POST', 'ai/backtest', input), onSettled: ask });
  const cancel = useMutation({ mutationFn: () => send('DELETE', 'ai/backtest'), onSettled: ask });
  const input: BacktestInput = {
    profile: profile.profile,
    ...(fields.who === 'one' ? { entity: entity.entity } : {}),
    days: fields.days,
    settings: [
      { detector: fields.detector, threshold },
      ...(fields.against === '' ? [] : [{ detector: fields.against, threshold: againstThreshold }]),
    ],
  };
  const thresholdField = (label: string, value: number | null, change: (value: number | null) => void) => (
    <NumberInput
      label={label}
      w={120}
      min={0}
      max={1}
      step={0.05}
      decimalScale={3}
      placeholder={t('backtest.own')}
      value={value ?? ''}
      onChange={(next) => change(typeof next === 'number' ? next : null)}
    />
  );
  return (
    <section className="section" id="backtest" aria-labelledby="backtest-title">
      <header>
        <h2 id="backtest-title">{t('backtest.title')}</h2>
      </header>
      <div className="sheet padded stack">
        <p className="soft small" style={{ margin: 0 }}>
          {t('backtest.hint')}
        </p>
        <div className="row bottom">
          <NativeSelect
            label={t('backtest.who')}
            value={fields.who}
            onChange={typed(set('who'))}
            data={[
              { value: 'one', label: entity.name },
              { value: 'all', label: t('backtest.everyone', { profile: profile.title[language] }) },
            ]}
          />
          <NumberInput
            label={t('backtest.days')}
            w={110}
            min={0.1}
            max={3650}
            value={fields.days}
            onChange={(next) => typeof next === 'number' && set('days')(next)}
          />
          <NativeSelect label={t('backtest.detector')} value={fields.detector} onChange={typed(set('detector'))} data={[...detectors]} />
          {thresholdField(t('backtest.threshold'), threshold, setThreshold)}
          <NativeSelect
            label={t('backtest.against')}
            value={fields.against}
            onChange={typed(set('against'))}
            data={[{ value: '', label: t('backtest.nothing') }, ...detectors.map((slug) => ({ value: slug, label: slug }))]}
          />
          {fields.against !== '' && thresholdField(t('backtest.againstThreshold'), againstThreshold, setAgainstThreshold)}
          <RoleButton needs="operator" loading={start.isPending} disabled={running} onClick={() => start.mutate(input)}>
            {t('backtest.run')}
          </RoleButton>
        </div>
        <FormNote text={start.error ? sentence(start.error) : undefined} />
        {last && <Last last={last} chosen={chosen} onCancel={() => cancel.mutate()} />}
      </div>
    </section>
  );
}

function Last({ last, chosen, onCancel }: { last: BacktestState; chosen: Chosen; onCancel: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  switch (last.state) {
    case 'running':
      return (
        <div className="row">
          <progress className="backtest-progress" max={1} value={last.progress} aria-label={t('backtest.progress')} />
          <span className="small">
            {t('backtest.running', {
              percent: format.share(last.progress),
              days: format.count(last.input.days),
              entities: format.count(last.entities),
              by: last.by,
            })}
          </span>
          <RoleButton needs="operator" variant="default" size="compact-sm" onClick={onCancel}>
            {t('backtest.cancel')}
          </RoleButton>
        </div>
      );
    case 'cancelled':
      return <p className="soft">{t('backtest.cancelled', { percent: format.share(last.progress) })}</p>;
    case 'failed':
      return <FormNote text={t('backtest.failed', { reason: last.reason })} />;
    case 'done':
      return <BacktestResult result={last} nameOf={(id) => chosen.profile.entities.find((one) => one.entity === id)?.name ?? id} />;
  }
}
