import type { ReactNode } from 'react';
import { FormatContext, usePersonsFormat } from './useFormat.ts';

/** Everything inside reads numbers and times as the signed-in person does. */
export function Formats({ children }: { children: ReactNode }) {
  return <FormatContext value={usePersonsFormat()}>{children}</FormatContext>;
}
