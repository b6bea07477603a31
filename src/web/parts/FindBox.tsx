import { useEffect, useRef } from 'react';

/** Somebody who types is not asked after each letter. */
const pauseMs = 150;

/** A box to type into: it says what stands in it after a short pause, and at once when Enter is pressed. */
export function FindBox({
  label,
  value,
  onFind,
  onEnter,
}: {
  label: string;
  value: string;
  onFind: (text: string) => void;
  onEnter?: (text: string) => void;
}) {
  const box = useRef<HTMLInputElement>(null);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(pause.current), []);
  useEffect(() => {
    // While somebody types, the box knows better than the address.
    if (box.current !== null && document.activeElement !== box.current) box.current.value = value;
  }, [value]);
  return (
    <input
      ref={box}
      type="search"
      className="find"
      aria-label={label}
      placeholder={label}
      defaultValue={value}
      maxLength={200}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => {
        const text = event.currentTarget.value.trim();
        clearTimeout(pause.current);
        pause.current = setTimeout(() => onFind(text), pauseMs);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
        event.preventDefault();
        const text = event.currentTarget.value.trim();
        clearTimeout(pause.current);
        onFind(text);
        onEnter?.(text);
      }}
    />
  );
}
