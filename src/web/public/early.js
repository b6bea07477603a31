// Runs before everything else. A file of its own: the policy refuses inline scripts.

// Before the first paint, so that a dark page never flashes white.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('vigia-theme');
  } catch {
    // Storage is blocked: the system's scheme is used.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();

// What the page asks first is asked while its code is on its way; api/http.ts takes the answers from here, by address.
(() => {
  const early = new Map();
  const address = (path) => new URL(`api/${path}`, document.baseURI).href;
  const ask = (path) => fetch(address(path), { credentials: 'same-origin', headers: { accept: 'application/json' } });
  const session = ask('session');
  early.set(address('session'), session);
  if (location.pathname === new URL(document.baseURI).pathname) {
    const account = session.then((answer) => answer.clone().json()).then((told) => told.account);
    // The same as overviewQuery and profilesQuery in api/queries.ts ask.
    for (const path of ['profiles', 'overview?targets=20&incidents=10']) {
      early.set(
        address(path),
        account.then((known) => (known === null ? null : ask(path))),
      );
    }
  }
  // Where one fails, the page asks again and says why.
  for (const answer of early.values()) answer.catch(() => {});
  window.vigiaEarly = early;
})();
