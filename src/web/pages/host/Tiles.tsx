import { useTranslation } from 'react-i18next';
import type { FeatureState, HostSummary } from '../../../model/api.ts';
import type { Profile, Unit } from '../../../model/profile.ts';
import { useFormat } from '../../format/useFormat.ts';
import { levelOf, type Level } from '../../format/level.ts';
import { Badge } from '../../parts/StateMark.tsx';
import { useNames } from '../../parts/names.ts';
import { isOutside, RangeBar } from '../../parts/RangeBar.tsx';

const tiles = [
  { word: 'host.cpu', key: 'cpuRatio', unit: 'ratio', feature: 'cpu' },
  { word: 'host.memory', key: 'memoryRatio', unit: 'ratio', feature: 'memory' },
  { word: 'host.disk', key: 'diskRatio', unit: 'ratio', feature: 'disk_space' },
  { word: 'host.receive', key: 'receiveBytesPerSecond', unit: 'bytes_per_second', feature: 'network_receive' },
  { word: 'host.transmit', key: 'transmitBytesPerSecond', unit: 'bytes_per_second', feature: 'network_transmit' },
] as const;

/** The figures one asks for first, each against its expected range where one is known: P06 of a host, else what the profile lists first. */
export function Tiles({ profile, summary, features }: { profile: Profile; summary: HostSummary; features: readonly FeatureState[] }) {
  const { t } = useTranslation();
  const { feature: nameOf } = useNames();
  const stateOf = (name: string) => features.find((one) => one.feature === name);
  const shown =
    profile.kind === 'host'
      ? tiles.map(({ word, key, unit, feature }) => ({
          id: key,
          title: t(word),
          unit,
          value: summary[key],
          known: stateOf(feature),
          level: null,
        }))
      : profile.features.slice(0, tiles.length).map(({ name, unit, levels }) => {
          const known = stateOf(name);
          const value = known?.value ?? null;
          return { id: name, title: nameOf(profile.slug, name).title, unit, value, known, level: levelOf(value, levels) };
        });
  return (
    <dl className="tiles">
      {shown.map(({ id, title, unit, value, known, level }) => (
        <Tile
          key={id}
          title={title}
          unit={unit}
          value={value}
          low={known?.expectedLow ?? null}
          high={known?.expectedHigh ?? null}
          level={level}
        />
      ))}
    </dl>
  );
}

interface TileProps {
  readonly title: string;
  readonly unit: Unit;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly level: Level | null;
}

const tones = { normal: 'ok', raised: 'warn', high: 'bad' } as const;

function Tile({ title, unit, value, low, high, level }: TileProps) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="tile sheet">
      <dt className="soft small">{title}</dt>
      <dd data-state={level !== null ? tones[level] : isOutside(value, low, high) ? 'bad' : undefined}>
        {value === null ? t('common.noData') : format.value(value, unit)}
      </dd>
      {level !== null && (
        <dd className="tile-level">
          <Badge tone={tones[level]}>{t(unit === 'watts' ? `host.consumption.${level}` : `host.level.${level}`)}</Badge>
        </dd>
      )}
      <dd className="tile-range">{value !== null && <RangeBar value={value} low={low} high={high} unit={unit} />}</dd>
    </div>
  );
}
