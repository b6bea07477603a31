import type { Config } from '../../model/config.ts';
import { formatDuration } from '../../model/time.ts';

/** Vigía's own Prometheus, which has the scores and the alerts. */
export const ownUid = 'vigia';
/** The adopted source, where the configuration names one. */
export const sourceUid = 'vigia-source';

/**
 * Provisioning of the data sources. Secrets and what only the place of installation knows are variables of Grafana's environment;
 * no secret is written.
 */
export function grafanaDatasources(config: Config): Record<string, unknown> {
  const adopted = config.prometheus.source;
  const interval = formatDuration(config.prometheus.scrapeInterval);
  return {
    apiVersion: 1,
    datasources: [
      {
        ...datasource('Vigía', ownUid, '$VIGIA_PROMETHEUS_URL', interval),
        basicAuth: true,
        basicAuthUser: 'vigia',
        secureJsonData: { basicAuthPassword: '$VIGIA_PROMETHEUS_PASSWORD' },
      },
      ...(adopted === undefined ? [] : [adoptedDatasource(adopted, interval)]),
    ],
  };
}

function adoptedDatasource(adopted: NonNullable<Config['prometheus']['source']>, interval: string): Record<string, unknown> {
  const base = datasource('Vigía: source', sourceUid, plain(adopted.url), interval);
  const headers = [
    ...Object.keys(adopted.headers).map((name, at) => [name, `$VIGIA_SOURCE_HEADER_${at + 1}`] as const),
    ...(adopted.tenant === undefined ? [] : [['X-Scope-OrgID', plain(adopted.tenant)] as const]),
  ];
  return {
    ...base,
    ...(adopted.username === undefined ? {} : { basicAuth: true, basicAuthUser: plain(adopted.username) }),
    jsonData: { ...base.jsonData, ...Object.fromEntries(headers.map(([name], at) => [`httpHeaderName${at + 1}`, plain(name)])) },
    secureJsonData: {
      ...(adopted.password === undefined ? {} : { basicAuthPassword: '$VIGIA_SOURCE_PASSWORD' }),
      ...Object.fromEntries(headers.map(([, value], at) => [`httpHeaderValue${at + 1}`, value])),
    },
  };
}

const datasource = (name: string, uid: string, url: string, timeInterval: string) => ({
  name,
  uid,
  type: 'prometheus',
  access: 'proxy',
  url,
  editable: false,
  // Grafana's $__rate_interval is four of these at least.
  jsonData: { httpMethod: 'POST', timeInterval },
});

/** Text that Grafana takes for no variable. */
const plain = (text: string): string => text.replaceAll('$', '$$$$');
