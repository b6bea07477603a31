import '@mantine/core/styles.layer.css';
import './style/tokens.css';
import './style/layout.css';
import './parts/parts.css';
import { styleNonce } from './style/nonce.ts';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from './api/client.ts';
import { sessionQuery } from './api/queries.ts';
import { Formats } from './format/Formats.tsx';
import { createPageRouter } from './router.tsx';
import { theme, variables } from './style/theme.ts';
import { startLanguage } from './words/language.ts';

const reloadedKey = 'vigia-reloaded';

const client = createClient(() => void router.invalidate());
// Nothing is shown before it is known who asks.
void client.prefetchQuery(sessionQuery);
await startLanguage();

// After an update the files of the old page are gone: the new page is fetched, but never in a circle.
window.addEventListener('vite:preloadError', (event) => {
  if (Date.now() - Number(sessionStorage.getItem(reloadedKey) ?? 0) < 60_000) return;
  sessionStorage.setItem(reloadedKey, String(Date.now()));
  event.preventDefault();
  location.reload();
});

const router = createPageRouter(client);

createRoot(document.getElementById('page') as HTMLElement).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      getStyleNonce={styleNonce}
      defaultColorScheme="auto"
      colorSchemeManager={localStorageColorSchemeManager({ key: 'vigia-theme' })}
    >
      <QueryClientProvider client={client}>
        <Formats>
          <RouterProvider router={router} />
        </Formats>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
