/** The sign of the house: a line that leaves its expected band. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <path d="M2 12h28v8H2z" fill="var(--line-strong)" opacity="0.45" />
      <path
        d="M2 17l6-2 5 3 5-13 4 19 3-7h5"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.6"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
