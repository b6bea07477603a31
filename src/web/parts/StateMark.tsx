import IconAlertTriangle from '@tabler/icons-react/dist/esm/icons/IconAlertTriangle.mjs';
import IconCircleCheck from '@tabler/icons-react/dist/esm/icons/IconCircleCheck.mjs';
import IconHelpCircle from '@tabler/icons-react/dist/esm/icons/IconHelpCircle.mjs';
import IconInfoCircle from '@tabler/icons-react/dist/esm/icons/IconInfoCircle.mjs';
import IconAlertOctagon from '@tabler/icons-react/dist/esm/icons/IconAlertOctagon.mjs';
import IconSchool from '@tabler/icons-react/dist/esm/icons/IconSchool.mjs';
import { useTranslation } from 'react-i18next';
import type { Severity } from '../../model/incident.ts';
import type { State } from '../../model/target.ts';

export type Shown = State | 'learning';
const icons = { ok: IconCircleCheck, bad: IconAlertOctagon, unknown: IconHelpCircle, learning: IconSchool } as const;

/** A state by icon, word and colour; `bare` keeps the word for screen readers only. */
export function StateMark({
  state,
  word,
  bare = false,
  size = 17,
}: {
  state: Shown;
  word?: string | undefined;
  bare?: boolean;
  size?: number;
}) {
  const { t } = useTranslation();
  const Icon = icons[state];
  const text = word ?? t(`state.${state}`);
  return (
    <span className="state" data-state={state} title={bare ? text : undefined}>
      <Icon size={size} stroke={2} aria-hidden />
      <span className={bare ? 'hidden-text' : undefined}>{text}</span>
    </span>
  );
}

const severityIcons = { critical: IconAlertOctagon, warning: IconAlertTriangle, info: IconInfoCircle } as const;
const severityTones = { critical: 'bad', warning: 'warn', info: 'unknown' } as const;

export function SeverityMark({ severity }: { severity: Severity }) {
  const { t } = useTranslation();
  const Icon = severityIcons[severity];
  return (
    <span className="state" data-state={severityTones[severity]}>
      <Icon size={16} stroke={2} aria-hidden />
      {t(`severity.${severity}`)}
    </span>
  );
}

/** A word on a washed ground, for states that head a page or a row. */
export function Badge({ tone, children }: { tone: Shown | 'warn' | 'plain'; children: React.ReactNode }) {
  return (
    <span className="badge" data-state={tone}>
      {children}
    </span>
  );
}
