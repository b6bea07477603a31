import { Button, NumberInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Finding } from '../../../model/score.ts';
import { apiUrl } from '../../api/http.ts';
import { type FindingFilter, findingsPerPage, findingsQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useNames } from '../../parts/names.ts';
import { Pages } from '../../parts/Pages.tsx';
import { aiSearch } from '../../search.ts';
import type { Chosen } from './chosen.ts';

/** P20: what was found, and the same rows as files. */
export function History({ chosen }: { chosen: Chosen }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/ai' });
  const navigate = useNavigate({ from: '/ai' });
  const { profile, entity, hours } = chosen;
  const page = search.page ?? 1;
  // Rounded to the minute, so that the same choice asks the same question.
  const fromMs = useMemo(() => Math.floor((Date.now() - hours * 3_600_000) / 60_000) * 60_000, [hours]);
  const filter: FindingFilter = { profile: profile.profile, entity: entity.entity, fromMs, minimumScore: search.min };
  const query = useQuery(findingsQuery(filter, page));
  const go = (part: { page?: number | undefined; min?: number | undefined }) =>
    void navigate({ search: aiSearch({ ...search, page: undefined, ...part }), replace: true, resetScroll: false });
  return (
    <section className="section" aria-labelledby="history">
      <header>
        <h2 id="history">{t('ai.history')}</h2>
        <div className="row bottom">
          <NumberInput
            size="xs"
            w={140}
            label={t('ai.minimumScore')}
            min={0}
            max={1}
            step={0.05}
            decimalScale={2}
            value={search.min ?? ''}
            onChange={(value) => go({ min: typeof value === 'number' ? value : undefined })}
          />
          {(['csv', 'json'] as const).map((kind) => (
            <Button
              key={kind}
              size="xs"
              variant="default"
              component="a"
              download
              href={apiUrl(`ai/findings.${kind}`, { ...filter })}
              leftSection={<IconDownload size={14} aria-hidden />}
            >
              {t(kind === 'csv' ? 'ai.downloadCsv' : 'ai.downloadJson')}
            </Button>
          ))}
        </div>
      </header>
      <Answer query={query}>
        {({ findings, total }) =>
          findings.length === 0 ? (
            <div className="sheet">
              <Empty>{t('ai.historyEmpty')}</Empty>
            </div>
          ) : (
            <>
              <div className="sheet scroll" tabIndex={0} role="region" aria-label={t('ai.history')}>
                <table className="table">
                  <thead>
                    <tr>
                      <th>{t('common.time')}</th>
                      <th>{t('ai.entity')}</th>
                      <th>{t('common.feature')}</th>
                      <th className="number">{t('common.value')}</th>
                      <th className="number">{t('common.expected')}</th>
                      <th className="number">{t('common.score')}</th>
                      <th className="number">{t('common.threshold')}</th>
                      <th className="number">{t('ai.modelVersion')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {findings.map((finding) => (
                      <Row key={finding.id} finding={finding} name={entity.name} />
                    ))}
                  </tbody>
                </table>
              </div>
              <Pages page={page} total={total} perPage={findingsPerPage} go={(to) => go({ page: to, min: search.min })} />
            </>
          )
        }
      </Answer>
    </section>
  );
}

function Row({ finding, name }: { finding: Finding; name: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { feature } = useNames();
  const top = finding.shares[0];
  const known = top && feature(finding.profile, top.feature);
  return (
    <tr>
      <td className="nowrap">
        {format.exact(finding.tsMs)}{' '}
        {finding.late && (
          <span className="soft" title={t('ai.lateHint')}>
            {t('ai.late')}
          </span>
        )}
      </td>
      <td>{name}</td>
      <td className="nowrap">{known?.title}</td>
      <td className="number">{known && format.value(top.value, known.unit)}</td>
      <td className="number">{known && format.range(top.expectedLow, top.expectedHigh, known.unit)}</td>
      <td className="number">{format.score(finding.score)}</td>
      <td className="number nowrap">
        {format.score(finding.threshold)}
        {finding.basis && <span className="soft small"> {t(`basis.name.${finding.basis}`)}</span>}
      </td>
      <td className="number">{finding.modelVersion}</td>
    </tr>
  );
}
