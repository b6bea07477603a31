/** What every command gets: its options, already checked, and the words after them. */
export interface Invocation {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly words: readonly string[];
  readonly print: (text: string) => void;
  /** Progress and remarks: standard error, so that standard output stays for answers. */
  readonly remark: (text: string) => void;
}
