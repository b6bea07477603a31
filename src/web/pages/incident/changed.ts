import { useQueryClient } from '@tanstack/react-query';

/** Asks again for an incident that somebody changed, and for what is silenced. */
export function useChanged(id: number): () => Promise<void> {
  const client = useQueryClient();
  return () =>
    client.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === 'silences' || (queryKey[0] === 'incident' && queryKey[1] === id),
    });
}
