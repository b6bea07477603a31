// Runs before the first paint, so that a dark page never flashes white. A file of its own: the policy refuses inline scripts.
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
