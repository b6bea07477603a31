import { useQuery } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { completionsQuery, type Which } from '../../api/queries.ts';
import { completed, functions, wantedAt } from './complete.ts';

const mostShown = 12;

interface Props {
  readonly value: string;
  readonly which: Which;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

/** A line of PromQL that offers metrics, functions, labels and their values as one types. */
export function QueryInput({ value, which, onChange, onRun }: Props) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [caret, setCaret] = useState(value.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const wanted = wantedAt(value, Math.min(caret, value.length));
  const { data } = useQuery({ ...completionsQuery(which, wanted), enabled: isOpen && wanted.kind !== 'none' });
  const own = wanted.kind === 'metric' ? functions.filter((name) => name.startsWith(wanted.like.toLowerCase())) : [];
  const all = wanted.kind === 'none' ? [] : [...new Set([...own, ...(data?.names ?? [])])];
  const typed = wanted.kind === 'none' ? '' : wanted.like;
  const choices = all.filter((name) => name !== typed).slice(0, mostShown);
  const isShown = isOpen && choices.length > 0;

  const take = (choice: string) => {
    if (wanted.kind === 'none') return;
    const next = completed(value, caret, wanted, choice);
    onChange(next.text);
    setCaret(next.caret);
    setActive(-1);
    setOpen(false);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const choice = isShown ? choices[active] : undefined;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isShown) setOpen(true);
      else
        setActive(
          (active + (event.key === 'ArrowDown' ? 1 : choices.length) + (active < 0 && event.key === 'ArrowUp' ? 1 : 0)) % choices.length,
        );
    } else if (event.key === 'Escape' && isShown) {
      setOpen(false);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && choice !== undefined) {
      event.preventDefault();
      take(choice);
    } else if (event.key === 'Enter') {
      setOpen(false);
      onRun();
    }
  };
  return (
    <div className="query">
      <label className="query-label" htmlFor={`${id}-input`}>
        {t('explore.expression')}
      </label>
      <input
        ref={input}
        id={`${id}-input`}
        className="query-input"
        type="text"
        role="combobox"
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        placeholder={t('explore.placeholder')}
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
        value={value}
        onChange={(event) => {
          onChange(event.currentTarget.value);
          setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
          setActive(-1);
          setOpen(true);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={t('explore.completions')} className="query-list plain-list" hidden={!isShown}>
        {choices.map((choice, at) => (
          <li
            key={choice}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            // Before the input loses the focus, which would close the list.
            onMouseDown={(event) => {
              event.preventDefault();
              take(choice);
            }}
          >
            <code>{choice}</code>
            {own.includes(choice) && <span className="soft small"> {t('explore.function')}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
