import { useTranslation } from 'react-i18next';
import { useLive } from '../api/live.ts';
import { useFormat } from '../format/useFormat.ts';

/** Whether changes arrive by themselves, or since when they do not. A line that was never open yet is "connecting". */
export function LiveLight() {
  const { t } = useTranslation();
  const live = useLive();
  const format = useFormat();
  const word = live.live ? t('live.on') : live.first ? t('live.connecting') : t('live.off', { since: format.clock(live.sinceMs) });
  return (
    <span className="live" data-live={live.live} role="status" title={live.live ? t('live.onHint') : word}>
      <span className="live-dot" aria-hidden="true" />
      <span className="live-word">{word}</span>
    </span>
  );
}
