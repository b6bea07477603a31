import { useTranslation } from 'react-i18next';
import type { Rule } from '../../../model/api.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Empty } from '../../parts/Answer.tsx';
import { SeverityMark, StateMark } from '../../parts/StateMark.tsx';

const tones = { firing: 'bad', pending: 'learning', inactive: 'ok', unknown: 'unknown' } as const;

/** P08: the rules that concern this target, firing ones first and in red. */
export function Rules({ rules }: { rules: readonly Rule[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (rules.length === 0) {
    return (
      <div className="sheet">
        <Empty>{t('host.noRules')}</Empty>
      </div>
    );
  }
  const order = ['firing', 'pending', 'unknown', 'inactive'];
  return (
    <ul className="sheet plain-list">
      {rules
        .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
        .map((rule, index) => (
          <li key={`${rule.name} ${index}`} className="rule-row">
            <StateMark state={tones[rule.state]} word={t(`host.${rule.state}`)} />
            <span className="rule-what">
              <strong>{rule.name}</strong> {rule.description}
              <details>
                <summary className="soft small">PromQL</summary>
                <code>{rule.expr}</code>
              </details>
            </span>
            <SeverityMark severity={rule.severity} />
            <span className="soft small">{rule.forMs > 0 && t('host.for', { span: format.span(rule.forMs) })}</span>
          </li>
        ))}
    </ul>
  );
}
