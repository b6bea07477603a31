declare global {
  /** Where the library that keeps the page still behind a dialog looks for the nonce. */
  var __webpack_nonce__: string | undefined;
}

/** The nonce of this answer, which the policy asks of style elements; the server writes it into index.html. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
}

globalThis.__webpack_nonce__ = styleNonce();
