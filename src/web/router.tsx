import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { overviewQuery, profilesQuery, sessionQuery } from './api/queries.ts';
import {
  aiSearch,
  containersSearch,
  energySearch,
  exploreSearch,
  hostSearch,
  incidentsSearch,
  kubernetesSearch,
  loginSearch,
  overviewSearch,
  targetsSearch,
  sectionOf,
  settingsSearch,
} from './search.ts';
import { Overview } from './pages/overview/Overview.tsx';
import { Broken, Missing } from './shell/Failures.tsx';
import { Shell } from './shell/Shell.tsx';

interface Context {
  readonly client: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: Missing, errorComponent: Broken });

/** Without an account the way leads to set-up or sign-in, and back afterwards. */
async function signedIn({ context, location }: { context: Context; location: { href: string } }): Promise<void> {
  const session = await context.client.ensureQueryData(sessionQuery);
  if (session.setupNeeded) throw redirect({ to: '/setup' });
  if (session.account === null) throw redirect({ to: '/login', search: { next: location.href } });
}

/** Titles and units come before the first figure; without them names stand for themselves. */
const named = ({ context }: { context: Context }): Promise<void> => context.client.prefetchQuery(profilesQuery);

/** Everything behind the door. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  notFoundComponent: Missing,
  beforeLoad: signedIn,
  loader: named,
});

/** Behind the door as well, but with nothing around it. */
const wall = createRoute({
  getParentRoute: () => root,
  path: '/wall',
  beforeLoad: signedIn,
  loader: named,
  component: lazyRouteComponent(() => import('./pages/wall/Wall.tsx'), 'Wall'),
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: loginSearch,
  component: lazyRouteComponent(() => import('./pages/door/Login.tsx'), 'Login'),
  beforeLoad: async ({ context }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (session.setupNeeded) throw redirect({ to: '/setup' });
    if (session.account !== null) throw redirect({ to: '/' });
  },
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/door/Setup.tsx'), 'Setup'),
  beforeLoad: async ({ context }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session.setupNeeded) throw redirect({ to: session.account === null ? '/login' : '/' });
  },
});

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  validateSearch: overviewSearch,
  loader: ({ context }) => void context.client.prefetchQuery(overviewQuery),
  // The first screen waits for no file of its own.
  component: Overview,
});

const host = createRoute({
  getParentRoute: () => inside,
  path: '/hosts/$id',
  validateSearch: hostSearch,
  component: lazyRouteComponent(() => import('./pages/host/HostPage.tsx'), 'HostPage'),
});

const containers = createRoute({
  getParentRoute: () => inside,
  path: '/containers',
  validateSearch: containersSearch,
  component: lazyRouteComponent(() => import('./pages/containers/ContainersPage.tsx'), 'ContainersPage'),
});

const incidents = createRoute({
  getParentRoute: () => inside,
  path: '/incidents',
  validateSearch: incidentsSearch,
  component: lazyRouteComponent(() => import('./pages/incident/Incidents.tsx'), 'Incidents'),
});

const incident = createRoute({
  getParentRoute: () => inside,
  path: '/incidents/$id',
  component: lazyRouteComponent(() => import('./pages/incident/IncidentPage.tsx'), 'IncidentPage'),
});

const ai = createRoute({
  getParentRoute: () => inside,
  path: '/ai',
  validateSearch: aiSearch,
  component: lazyRouteComponent(() => import('./pages/ai/AiPage.tsx'), 'AiPage'),
});

const kubernetes = createRoute({
  getParentRoute: () => inside,
  path: '/kubernetes',
  validateSearch: kubernetesSearch,
  component: lazyRouteComponent(() => import('./pages/kubernetes/KubernetesPage.tsx'), 'KubernetesPage'),
});

const targets = createRoute({
  getParentRoute: () => inside,
  path: '/targets',
  validateSearch: targetsSearch,
  component: lazyRouteComponent(() => import('./pages/targets/Targets.tsx'), 'Targets'),
});

const energy = createRoute({
  getParentRoute: () => inside,
  path: '/energy',
  validateSearch: energySearch,
  component: lazyRouteComponent(() => import('./pages/energy/EnergyPage.tsx'), 'EnergyPage'),
});

const explore = createRoute({
  getParentRoute: () => inside,
  path: '/explore',
  validateSearch: exploreSearch,
  component: lazyRouteComponent(() => import('./pages/explore/Explore.tsx'), 'Explore'),
});

const settingsHome = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/$section', params: { section: 'preferences' } });
  },
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings/$section',
  params: { parse: ({ section }) => ({ section: sectionOf(section) }), stringify: ({ section }) => ({ section }) },
  validateSearch: settingsSearch,
  component: lazyRouteComponent(() => import('./pages/settings/Settings.tsx'), 'Settings'),
});

const help = createRoute({
  getParentRoute: () => inside,
  path: '/help',
  component: lazyRouteComponent(() => import('./pages/help/Help.tsx'), 'Help'),
});

const tree = root.addChildren([
  login,
  setup,
  wall,
  inside.addChildren([
    overview,
    host,
    containers,
    kubernetes,
    energy,
    incidents,
    incident,
    ai,
    explore,
    targets,
    settingsHome,
    settings,
    help,
  ]),
]);

export function createPageRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    basepath: new URL(document.baseURI).pathname,
    defaultPreload: 'intent',
    defaultErrorComponent: Broken,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
