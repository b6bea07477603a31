export interface AccountOptions {
  /** Printed by `vigia up`; null where only this machine can reach the page. */
  readonly setupCode: string | null;
  readonly version: string;
}
