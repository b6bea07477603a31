import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http.ts';
import { useSentence } from './sentence.ts';

/** The fields of a form as one object, with a setter per field. */
export function useFields<T extends object>(initial: T) {
  const [fields, setFields] = useState(initial);
  const set =
    <K extends keyof T>(name: K) =>
    (value: T[K]): void =>
      setFields((before) => ({ ...before, [name]: value }));
  return { fields, set, reset: () => setFields(initial) };
}

/** The value of an input's event, for `onChange={typed(set('name'))}`. */
export const typed = (set: (value: string) => void) => (event: { currentTarget: { value: string } }) => set(event.currentTarget.value);
export const ticked = (set: (value: boolean) => void) => (event: { currentTarget: { checked: boolean } }) =>
  set(event.currentTarget.checked);

/** A refusal, at the field it names; without a field it goes below the form. */
export function useProblem(error: unknown) {
  const sentence = useSentence();
  const field = error instanceof ApiError ? error.field : undefined;
  const concerns = (name: string) => field === name || field?.startsWith(`${name}.`) === true;
  return {
    // At its field the message need not name it again.
    at: (name: string): string | undefined => (concerns(name) ? firstOf(sentence(error), `${field}: `) : undefined),
    rest: (known: readonly string[]): string | undefined => (!error || known.some(concerns) ? undefined : sentence(error)),
  };
}

/** The server writes "field: problem; field: problem"; one problem at a time is enough to read. */
function firstOf(problems: string, prefix: string): string {
  const first = problems.split('; ').find((one) => one.startsWith(prefix));
  return first === undefined ? problems : first.slice(prefix.length);
}

/** The refusal that no field shows. */
export function FormNote({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <p className="form-note" role="alert">
      {text}
    </p>
  );
}

/** The foot of a form in a dialog: what may be tried first, then the way out and the way on. */
export function FormFoot({ busy, word, onClose, children }: { busy: boolean; word?: string; onClose: () => void; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="row form-foot">
      {children}
      <span className="row">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={busy}>
          {word ?? t('common.save')}
        </Button>
      </span>
    </div>
  );
}
