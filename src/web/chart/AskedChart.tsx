import type { UseQueryResult } from '@tanstack/react-query';
import { type ComponentProps, lazy, Suspense } from 'react';
import type { PanelData } from '../../model/api.ts';
import type { Span } from '../api/queries.ts';
import { Answer, Loading } from '../parts/Answer.tsx';

const TimeChart = lazy(async () => ({ default: (await import('./TimeChart.tsx')).TimeChart }));

type Look = Omit<ComponentProps<typeof TimeChart>, 'unit' | 'series' | 'fromMs' | 'toMs' | 'band'>;

/** The chart of a question: that it loads, why it failed, or what it answered. */
export function AskedChart({ query, ...look }: Look & { readonly query: UseQueryResult<PanelData & Span> }) {
  return (
    <Answer query={query}>
      {({ unit, series, fromMs, toMs, band }) => (
        <Suspense fallback={<Loading />}>
          <TimeChart {...look} unit={unit} series={series} fromMs={fromMs} toMs={toMs} band={band} />
        </Suspense>
      )}
    </Answer>
  );
}
