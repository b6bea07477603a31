import './energy.css';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Energy, EnergyDevice } from '../../../model/energy.ts';
import { energyPowerQuery, energyQuery, type Span } from '../../api/queries.ts';
import { AskedChart } from '../../chart/AskedChart.tsx';
import { WindowBar } from '../../chart/WindowBar.tsx';
import { levelOf } from '../../format/level.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { useMay } from '../../parts/RoleButton.tsx';
import { Badge, StateMark } from '../../parts/StateMark.tsx';
import { useTitle } from '../../parts/useTitle.ts';
import { ranges, zoomOf } from '../../search.ts';

const tones = { normal: 'ok', raised: 'warn', high: 'bad' } as const;

/** P13: what every device draws now and drew today, in three colours, and the last half hour. */
export function EnergyPage() {
  const { t } = useTranslation();
  const query = useQuery(energyQuery);
  useTitle(t('energy.title'));
  return (
    <>
      <h1>{t('energy.title')}</h1>
      <Answer query={query}>{(energy) => (energy.devices.length === 0 ? <None /> : <Known energy={energy} />)}</Answer>
    </>
  );
}

function None() {
  const { t } = useTranslation();
  const may = useMay()('operator');
  return (
    <div className="sheet section">
      <Empty action={may && <Button renderRoot={(props) => <Link to="/targets" {...props} />}>{t('overview.addTarget')}</Button>}>
        {t('energy.empty')}
      </Empty>
    </div>
  );
}

function Known({ energy }: { energy: Energy }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { devices, sinceMs, levels } = energy;
  const answering = devices.filter(({ watts }) => watts !== null);
  const sum = (of: (device: EnergyDevice) => number | null) => devices.reduce((total, device) => total + (of(device) ?? 0), 0);
  return (
    <>
      {answering.length === 0 ? (
        <p className="lead">{t('energy.silent', { count: devices.length })}</p>
      ) : (
        <p className="lead">
          {t('energy.sum', { answering: answering.length, count: devices.length })}{' '}
          <b>
            {format.value(
              sum(({ watts }) => watts),
              'watts',
            )}
          </b>{' '}
          {t('energy.today', { since: format.clock(sinceMs), count: devices.length })}{' '}
          <b>
            {energyText(
              format,
              sum(({ kilowattHours }) => kilowattHours),
            )}
          </b>
        </p>
      )}
      {levels && (
        <p className="soft small energy-levels">
          {t('energy.levels', { raised: format.value(levels.raised, 'watts'), high: format.value(levels.high, 'watts') })}
        </p>
      )}
      <section className="section" aria-label={t('energy.devices')}>
        <ul className="energy-devices plain-list">
          {devices.map((device) => (
            <Device key={device.id} device={device} levels={levels} />
          ))}
        </ul>
      </section>
      <Power />
    </>
  );
}

const energyText = (format: ReturnType<typeof useFormat>, kilowattHours: number | null) =>
  kilowattHours === null ? '–' : `${format.figure(kilowattHours, 'count')}\u00a0kWh`;

function Device({ device, levels }: { device: EnergyDevice; levels: Energy['levels'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const level = levelOf(device.watts, levels);
  return (
    <li className="energy-device sheet" data-level={level ?? 'none'}>
      <h2>
        <Link to="/hosts/$id" params={{ id: device.id }}>
          {device.name}
        </Link>
      </h2>
      <div className="energy-watts" data-state={level === null ? 'unknown' : tones[level]}>
        {device.watts === null ? t('common.noData') : format.value(device.watts, 'watts')}
      </div>
      <div>{level === null ? <StateMark state={device.state} /> : <Badge tone={tones[level]}>{t(`host.consumption.${level}`)}</Badge>}</div>
      <dl className="energy-more">
        <div>
          <dt>{t('energy.current')}</dt>
          <dd>{format.value(device.amperes, 'amperes')}</dd>
        </div>
        <div>
          <dt>{t('energy.todayShort')}</dt>
          <dd>{energyText(format, device.kilowattHours)}</dd>
        </div>
      </dl>
      {device.watts === null && device.reason !== '' && <p className="soft small">{device.reason}</p>}
    </li>
  );
}

/** The last half hour, or another time. */
function Power() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/energy' });
  const navigate = useNavigate({ from: '/energy' });
  const range = search.range ?? '30m';
  const zoom = zoomOf(search);
  const query = useQuery(energyPowerQuery(zoom ?? ranges[range]));
  const look = (span: Span | null) => void navigate({ search: { ...search, from: span?.fromMs, to: span?.toMs }, resetScroll: false });
  return (
    <section className="section" aria-labelledby="power">
      <header>
        <h2 id="power">{t('energy.power')}</h2>
        <WindowBar
          range={range}
          zoom={zoom}
          onRange={(chosen) => void navigate({ search: { range: chosen }, replace: true, resetScroll: false })}
          onZoom={look}
        />
      </header>
      <div className="sheet padded" style={{ minHeight: 310 }}>
        <AskedChart
          query={query}
          title={t('energy.power')}
          min={0}
          height={260}
          sync="energy"
          onZoom={(fromMs, toMs) => look({ fromMs, toMs })}
        />
      </div>
    </section>
  );
}
