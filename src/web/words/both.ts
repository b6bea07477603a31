/** Words as a tree: every key of one language has its mirror in the other. */
type Mirror<T> = { readonly [K in keyof T]: T[K] extends string ? string : Mirror<T[K]> };

/** English and Spanish side by side; the compiler refuses a key that one of them lacks. */
export function both<const T extends object>(en: T, es: Mirror<T>): { readonly en: T; readonly es: Mirror<T> } {
  return { en, es };
}
