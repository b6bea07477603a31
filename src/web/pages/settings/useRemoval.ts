import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '../../api/http.ts';

/** Asks, removes, asks the list again: shared by receivers, accounts, tokens and engines. */
export function useRemoval<T>(path: (thing: T) => string, key: string, onRemoved?: (thing: T) => void) {
  const client = useQueryClient();
  const [leaving, setLeaving] = useState<T | null>(null);
  const removal = useMutation({
    mutationFn: (thing: T) => send('DELETE', path(thing)),
    onSuccess: (_, thing) => {
      setLeaving(null);
      onRemoved?.(thing);
      return client.invalidateQueries({ queryKey: [key] });
    },
  });
  return {
    leaving,
    ask: setLeaving,
    /** What `Confirm` needs. */
    dialog: {
      opened: leaving !== null,
      busy: removal.isPending,
      error: removal.error,
      onConfirm: () => leaving !== null && removal.mutate(leaving),
      onClose: () => {
        setLeaving(null);
        removal.reset();
      },
    },
  };
}
