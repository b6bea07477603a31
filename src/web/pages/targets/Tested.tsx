import { useTranslation } from 'react-i18next';
import type { TargetTest } from '../../../model/api.ts';
import { useFormat } from '../../format/useFormat.ts';
import { StateMark } from '../../parts/StateMark.tsx';

/** What a target said when it was asked, or why it did not. */
export function Tested({ result }: { result: TargetTest }) {
  const { t } = useTranslation();
  const format = useFormat();
  const word = result.ok
    ? t('targets.testOk', { samples: format.count(result.samples), duration: format.value(result.durationMs / 1000, 'seconds') })
    : t('targets.testBad', { message: result.message });
  return (
    <span className="small">
      <StateMark state={result.ok ? 'ok' : 'bad'} word={word} />
    </span>
  );
}
