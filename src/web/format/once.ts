/** Made when it is first asked for: the browser's formats are slow to make, and the first screen needs few of them. */
export function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
}
