import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Standing } from '../../../model/fleet.ts';
import { firstTargets, targetRowsQuery } from '../../api/queries.ts';

/** Opens the target of the name that was typed, or else the first that fits it. */
export function useOpenFound(standing: Standing | undefined): (find: string) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  const open = async (find: string): Promise<void> => {
    const { targets } = await client.fetchQuery(targetRowsQuery({ find, standing, limit: firstTargets }));
    const found = targets.find(({ id, name }) => name === find || id === find) ?? targets[0];
    if (found) await navigate({ to: '/hosts/$id', params: { id: found.id } });
  };
  // The list says why nothing was found.
  return (find) => void (find === '' || open(find).catch(() => {}));
}
