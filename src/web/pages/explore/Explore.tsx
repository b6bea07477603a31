import './explore.css';
import { Button, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Exploration } from '../../../model/promql.ts';
import { explorationQuery, sessionQuery, sourceQuery, type Span, type Which } from '../../api/queries.ts';
import { WindowBar } from '../../chart/WindowBar.tsx';
import { useFormat } from '../../format/useFormat.ts';
import { Empty, Loading } from '../../parts/Answer.tsx';
import { typed } from '../../parts/form.tsx';
import { useMay, useNeeds } from '../../parts/RoleButton.tsx';
import { useSentence } from '../../parts/sentence.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { ranges, zoomOf } from '../../search.ts';
import { QueryInput } from './QueryInput.tsx';

const TimeChart = lazy(async () => ({ default: (await import('../../chart/TimeChart.tsx')).TimeChart }));

/** Any PromQL: as a chart, as a table, as files. The expression is in the address, so a link asks the same. */
export function Explore() {
  const { t } = useTranslation();
  useTitle(t('explore.title'));
  const { data: session } = useQuery(sessionQuery);
  const isOperator = useMay()('operator');
  const needs = useNeeds()('operator');
  const scope = session?.account?.scope;
  const seesAll = scope !== undefined && scope.hosts && scope.containers;
  return (
    <>
      <h1>{t('explore.title')}</h1>
      <p className="lead">{t('explore.hint')}</p>
      {isOperator && seesAll ? (
        <Bench />
      ) : (
        <div className="sheet section">
          <Empty>{isOperator ? t('explore.needsAll') : needs}</Empty>
        </div>
      )}
    </>
  );
}

function Bench() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/explore' });
  const navigate = useNavigate({ from: '/explore' });
  const [text, setText] = useState(search.expr ?? '');
  const range = search.range ?? '1h';
  const which: Which = search.of ?? 'source';
  const zoom = zoomOf(search);
  const { data: adopted } = useQuery(sourceQuery);
  const go = (part: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...part }, replace, resetScroll: false });
  const query = useQuery(explorationQuery(which, search.expr ?? '', zoom ?? ranges[range]));
  const run = () => {
    if (text.trim() === search.expr) void query.refetch();
    else go({ expr: text.trim() === '' ? undefined : text.trim() });
  };
  const look = (span: Span | null) => go({ from: span?.fromMs, to: span?.toMs });
  return (
    <>
      <form
        className="explore-form section"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <QueryInput value={text} which={which} onChange={setText} onRun={run} />
        {/* An adopted Prometheus has the samples, Vigía's own the scores. */}
        {adopted?.source && (
          <NativeSelect
            label="Prometheus"
            value={which}
            onChange={typed((of) => go({ of: of === 'own' ? 'own' : undefined }))}
            data={[
              { value: 'source', label: t('targets.source') },
              { value: 'own', label: t('explore.own') },
            ]}
          />
        )}
        <Button type="submit" loading={query.isFetching && search.expr !== undefined}>
          {t('explore.run')}
        </Button>
      </form>
      <section className="section" aria-labelledby="result">
        <header>
          <h2 id="result">{t('explore.result')}</h2>
          <WindowBar
            range={range}
            zoom={zoom}
            onRange={(chosen) => go({ range: chosen, from: undefined, to: undefined }, true)}
            onZoom={look}
          />
        </header>
        <Result
          asked={search.expr}
          query={query}
          onZoom={(fromMs, toMs) => look({ fromMs, toMs })}
          onTake={(expr) => {
            setText(expr);
            go({ expr });
          }}
        />
      </section>
    </>
  );
}

type Asked = Exploration & Span;

/** Queries that every Prometheus answers. */
const examples = ['up', 'topk(5, scrape_duration_seconds)', 'sum by (job) (scrape_samples_scraped)'] as const;

function Result({
  asked,
  query,
  onZoom,
  onTake,
}: {
  asked: string | undefined;
  query: { readonly data: Asked | undefined; readonly error: Error | null; readonly isPending: boolean };
  onZoom: (fromMs: number, toMs: number) => void;
  onTake: (expr: string) => void;
}) {
  const { t } = useTranslation();
  const sentence = useSentence();
  if (asked === undefined) {
    return (
      <div className="sheet">
        <Empty
          action={
            <span className="row">
              {examples.map((expr) => (
                <Button key={expr} size="xs" variant="default" className="explore-example" onClick={() => onTake(expr)}>
                  {expr}
                </Button>
              ))}
            </span>
          }
        >
          {t('explore.empty')}
        </Empty>
      </div>
    );
  }
  if (query.error !== null) {
    return (
      <div className="sheet padded" role="alert">
        <p className="form-note explore-error">{sentence(query.error)}</p>
      </div>
    );
  }
  if (query.data === undefined) return <Loading />;
  if (query.data.total === 0) {
    return (
      <div className="sheet">
        <Empty>{t('explore.nothing')}</Empty>
      </div>
    );
  }
  return <Found found={query.data} title={asked} onZoom={onZoom} />;
}

function Found({ found, title, onZoom }: { found: Asked; title: string; onZoom: (fromMs: number, toMs: number) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const series = useMemo(() => found.series.map(({ labels, points }) => ({ legend: seriesName(labels), points })), [found]);
  return (
    <>
      <p className="soft small explore-count">
        {t('explore.found', { count: found.total, step: format.span(found.stepMs) })}
        {found.total > series.length && ` ${t('explore.cut', { count: series.length })}`}
      </p>
      <div className="sheet padded">
        <Suspense fallback={<Loading />}>
          <TimeChart
            title={title}
            unit="count"
            free
            series={series}
            fromMs={found.fromMs}
            toMs={found.toMs}
            height={300}
            sync="explore"
            onZoom={onZoom}
          />
        </Suspense>
      </div>
      <div className="sheet scroll explore-table" tabIndex={0} role="region" aria-label={t('explore.table')}>
        <table className="table">
          <thead>
            <tr>
              <th>{t('explore.series')}</th>
              <th className="number">{t('explore.last')}</th>
              <th className="number">{t('explore.lowest')}</th>
              <th className="number">{t('explore.highest')}</th>
              <th className="number">{t('explore.mean')}</th>
            </tr>
          </thead>
          <tbody>
            {series.map(({ legend, points }) => {
              const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
              const say = (value: number | undefined) => (value === undefined ? '–' : format.figure(value, 'count'));
              const sum = values.reduce((total, value) => total + value, 0);
              return (
                <tr key={legend}>
                  <td>
                    <code>{legend}</code>
                  </td>
                  <td className="number">{say(values.at(-1))}</td>
                  <td className="number">{say(values.length === 0 ? undefined : Math.min(...values))}</td>
                  <td className="number">{say(values.length === 0 ? undefined : Math.max(...values))}</td>
                  <td className="number">{say(values.length === 0 ? undefined : sum / values.length)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** As Prometheus writes it: `up{job="a"}`. */
function seriesName({ __name__: metric = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 && metric !== '' ? metric : `${metric}{${pairs.join(', ')}}`;
}
