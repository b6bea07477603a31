import { Button, type ButtonProps } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Role } from '../../model/account.ts';
import { sessionQuery } from '../api/queries.ts';

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, administrator: 2 };

/** Whether the signed-in person has at least this role. The server decides; this only spares a refusal. */
export function useMay(): (needed: Role) => boolean {
  const { data } = useQuery(sessionQuery);
  const role = data?.account?.role;
  return (needed) => role !== undefined && rank[role] >= rank[needed];
}

export function useNeeds(): (needed: Role) => string {
  const { t } = useTranslation();
  return (needed) => t('role.needs', { role: t(`role.${needed}`) });
}

type Props = ButtonProps & Omit<React.ComponentProps<'button'>, keyof ButtonProps> & { readonly needs: Role };

/** A button that says why it is disabled. It keeps the focus, so that the reason can be reached by keyboard. */
export function RoleButton({ needs, onClick, type = 'button', title, ...rest }: Props) {
  const may = useMay()(needs);
  const reason = useNeeds()(needs);
  if (may) return <Button type={type} onClick={onClick} title={title} {...rest} />;
  return <Button {...rest} type="button" data-disabled aria-disabled title={reason} onClick={(event) => event.preventDefault()} />;
}
