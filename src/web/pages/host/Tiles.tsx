import { useTranslation } from 'react-i18next';
import type { FeatureState, HostSummary } from '../../../model/api.ts';
import { useFormat } from '../../format/useFormat.ts';
import { isOutside, RangeBar } from '../../parts/RangeBar.tsx';

const tiles = [
  { word: 'host.cpu', key: 'cpuRatio', unit: 'ratio', feature: 'cpu' },
  { word: 'host.memory', key: 'memoryRatio', unit: 'ratio', feature: 'memory' },
  { word: 'host.disk', key: 'diskRatio', unit: 'ratio', feature: 'disk_space' },
  { word: 'host.receive', key: 'receiveBytesPerSecond', unit: 'bytes_per_second', feature: 'network_receive' },
  { word: 'host.transmit', key: 'transmitBytesPerSecond', unit: 'bytes_per_second', feature: 'network_transmit' },
] as const;

/** P06: the five figures one asks for first, each against its expected range where one is known. */
export function Tiles({ summary, features }: { summary: HostSummary; features: readonly FeatureState[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className="tiles">
      {tiles.map(({ word, key, unit, feature }) => {
        const value = summary[key];
        const known = features.find((one) => one.feature === feature);
        const low = known?.expectedLow ?? null;
        const high = known?.expectedHigh ?? null;
        return (
          <div key={key} className="tile sheet">
            <dt className="soft small">{t(word)}</dt>
            <dd data-state={isOutside(value, low, high) ? 'bad' : undefined}>
              {value === null ? t('common.noData') : format.value(value, unit)}
            </dd>
            <dd className="tile-range">{value !== null && <RangeBar value={value} low={low} high={high} unit={unit} />}</dd>
          </div>
        );
      })}
    </dl>
  );
}
