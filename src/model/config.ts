import { z } from 'zod';
import { archiveSchema } from './archive.ts';
import { configuredEngineSchema } from './docker.ts';
import { kubernetesSchema } from './kubernetes.ts';
import { grafanaPanelSchema } from './grafana.ts';
import { discoverySchema } from './discovery.ts';
import { receiverSchema } from './receiver.ts';
import { addressSchema } from './target.ts';
import { durationMs } from './time.ts';

/*
 * The one schema of `vigia.yml`. `docs/config.md` is printed from the descriptions, so they are written for a reader.
 * Every key can also come from the environment as VIGIA_SECTION__KEY.
 */

/** How an address to listen on is written. */
const listenForm = 'HOST:PORT, for example 127.0.0.1:8080';
export const listenSchema = z
  .string(listenForm)
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, listenForm)
  .refine((text) => !(Number(text.slice(text.lastIndexOf(':') + 1)) > 65_535), 'a port is at most 65535');
const httpUrl = z.url({ protocol: /^https?$/ });

const serverSchema = z.strictObject({
  listen: listenSchema.default('127.0.0.1:8080').describe('Address of the page and the API.'),
  publicUrl: httpUrl.optional().describe('How people reach the page; links in messages start with it. Default: http://LISTEN.'),
  basePath: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)*$/)
    .default('')
    .describe('Path under which a proxy serves Vigía, for example /vigia.'),
  trustedProxies: z.array(z.string()).default([]).describe('Addresses or CIDRs of proxies whose X-Forwarded-* headers are believed.'),
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional().describe('Own TLS certificate and key (PEM files).'),
  allowPlainHttp: z
    .boolean()
    .default(false)
    .describe('Serve plain HTTP on addresses other than loopback. Passwords then travel unencrypted.'),
});

const databaseSchema = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'postgresql://USER:PASSWORD@HOST/DATABASE')
    .optional()
    .describe('PostgreSQL instead of the SQLite file in the data folder. Secret. DATABASE_URL sets it too.'),
});

const budgetSchema = z.strictObject({
  series: z.number().int().min(1).optional().describe('Series that the queries of a minute may touch, each query counted for itself.'),
  samples: z.number().int().min(1).optional().describe('Samples that the queries of a minute may load.'),
  seconds: z.number().min(0.01).optional().describe('Seconds that the queries of a minute may take, one after the other.'),
});

const sourceSchema = z.strictObject({
  url: httpUrl.describe('Base URL of any Prometheus-compatible API (Prometheus, Thanos, Mimir, VictoriaMetrics).'),
  headers: z.record(z.string(), z.string()).default({}).describe('Headers sent with every query. Secret.'),
  username: z.string().optional().describe('Basic authentication: user.'),
  password: z.string().optional().describe('Basic authentication: password. Secret.'),
  tenant: z.string().optional().describe('Sent as X-Scope-OrgID.'),
  selectors: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'Label matchers per profile, for example linux-host: job="node". Other profiles than linux-host are read only when named here.',
    ),
  partial: z
    .enum(['wait', 'take'])
    .default('wait')
    .describe(
      'What becomes of an answer that lacks a part (a store behind Thanos is away): wait scores nothing until it is whole, take scores what is there.',
    ),
  budget: budgetSchema.optional().describe('What reading may cost the source per minute. Without it, nothing is held back.'),
  identity: z.string().default('instance').describe('The label that names a target on the far side, in the place of `target`.'),
});

const prometheusSchema = z.strictObject({
  scrapeInterval: durationMs('1s', '10m').default(15_000).describe('How often targets are scraped; also the step of detection.'),
  retention: durationMs('1h', '3650d')
    .default(90 * 86_400_000)
    .describe('How long Prometheus keeps samples.'),
  retentionSize: z
    .string('a size like 10GB')
    .regex(/^\d+(MB|GB|TB)$/, 'a size like 10GB')
    .default('10GB')
    .describe('How much disk Prometheus may use.'),
  source: sourceSchema.optional().describe('An existing Prometheus-compatible source to read features from (read only).'),
});

const alertsSchema = z.strictObject({
  groupWait: durationMs('0s', '1h').default(30_000).describe('How long Alertmanager waits before the first message of a group.'),
  groupInterval: durationMs('1s', '24h').default(60_000).describe('How long Alertmanager waits before a changed group is sent again.'),
  repeatInterval: durationMs('1m', '30d').default(3_600_000).describe('How often a message about something still firing is repeated.'),
  keepFiring: durationMs('0s', '1h')
    .default(120_000)
    .describe('How long VigiaAnomaly goes on firing after the score fell below the threshold.'),
  receivers: z
    .array(receiverSchema)
    .default([])
    .describe('Receivers from this file; they are shown on the page and cannot be changed there. Their tokens and passwords are secret.'),
});

const detectionSchema = z.strictObject({
  realtime: z.boolean().default(true).describe('Whether scoring is on for profiles whose switch nobody touched.'),
  detector: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a slug: lower-case words joined by "-"')
    .default('ensemble')
    .describe('Which detector models are made of; docs/detectors has a page for each. Models of another are learned again.'),
  timeZone: z.string().optional().describe('Whose days and weeks count, an IANA name like Europe/Madrid. Default: that of the machine.'),
  window: durationMs('10m', '90d')
    .default(36_000_000)
    .describe('How much history a model learns from; a detector that streams goes on from there.'),
  minimumSteps: z
    .number()
    .int()
    .min(32)
    .max(100_000)
    .default(120)
    .describe('Usable steps an entity needs before its first model of its own.'),
  pooling: z
    .boolean()
    .default(true)
    .describe(
      'Whether an entity that is too young for that is scored, from its first minutes on, by how others of its profile move around their own levels.',
    ),
  retrain: durationMs('1m', '30d')
    .default(21_600_000)
    .describe('Age at which a model is learned again. A young model is renewed whenever its history has doubled, one that streams never.'),
  trees: z.number().int().min(10).max(2000).default(100).describe('Trees of an isolation forest.'),
  sampleSize: z.number().int().min(16).max(4096).default(256).describe('Rows each tree sees.'),
  contamination: z.number().min(0.00001).max(0.2).default(0.001).describe('Share of the training rows that may lie above the threshold.'),
  threshold: z
    .enum(['budget', 'quantile', 'extreme-value', 'fixed', 'detector'])
    .default('budget')
    .describe(
      'From which score on something is an anomaly; docs/thresholds.md explains each. `detector` is what a model learned from its training rows, and stands in for the others until they have seen enough.',
    ),
  falseAlarmsPerWeek: z
    .number()
    .min(0.01)
    .max(84)
    .default(1)
    .describe('For the threshold `budget`: how many false alarms an entity may make in a week.'),
  thresholdQuantile: z
    .number()
    .min(0.5)
    .max(0.99999)
    .default(0.999)
    .describe('For the threshold `quantile`: share of the scores of the last days that lie below it.'),
  thresholdRisk: z
    .number()
    .min(1e-9)
    .max(0.01)
    .default(0.0001)
    .describe('For the threshold `extreme-value`: probability that an ordinary score reaches it.'),
  thresholdLevel: z.number().min(0).max(1).default(0.7).describe('For the threshold `fixed`: the level itself.'),
  acceptAfter: durationMs('10m', '7d')
    .default(6 * 3_600_000)
    .describe(
      'A new level that lasts so long, and no longer rises, is accepted as normal; one that rises all the time after four times that.',
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Seed of every random choice.'),
  evictAfter: durationMs('1h', '3650d')
    .default(30 * 86_400_000)
    .describe('An entity unseen for this long is forgotten.'),
});

const retentionSchema = z.strictObject({
  incidents: durationMs('1d', '3650d')
    .default(365 * 86_400_000)
    .describe('Closed incidents older than this are removed.'),
  findings: durationMs('1d', '3650d')
    .default(90 * 86_400_000)
    .describe('Findings older than this are removed.'),
  audit: durationMs('1d', '3650d')
    .default(365 * 86_400_000)
    .describe('Audit entries older than this are removed.'),
});

const networkSchema = z.strictObject({
  proxy: httpUrl.optional().describe('Proxy for requests that leave the machine. HTTPS_PROXY sets it too.'),
  noProxy: z.array(z.string()).default([]).describe('Hosts reached without the proxy. NO_PROXY sets it too.'),
  caFile: z.string().optional().describe("PEM file with certificate authorities to trust besides the system's."),
});

const energySchema = z
  .strictObject({
    raisedWatts: z.number().nonnegative().describe('From so many watts on a device is shown in amber.'),
    highWatts: z.number().nonnegative().describe('Above so many watts a device is shown in red: "high consumption".'),
  })
  .refine(({ raisedWatts, highWatts }) => raisedWatts <= highWatts, 'raisedWatts is above highWatts');

const grafanaSchema = z.strictObject({
  url: httpUrl.describe("Grafana's address with the path under which it serves: http://127.0.0.1:3000/grafana."),
  panels: z
    .array(grafanaPanelSchema)
    .min(1)
    .max(200)
    .describe("Its panels in the place of the page's own: `profile`, `panel`, `dashboard` (uid), `id`, `variable` (default `target`)."),
});

const exportersSchema = z.strictObject({
  blackbox: addressSchema
    .optional()
    .describe('A blackbox exporter to ask about targets of http-endpoint and ping. Default: Vigía starts one when there is such a target.'),
  snmp: addressSchema
    .optional()
    .describe('An SNMP exporter to ask about targets of snmp-switch. Default: Vigía starts one when there is such a target.'),
});

const dockerSchema = z
  .array(configuredEngineSchema)
  .max(200)
  .refine((engines) => new Set(engines.map(({ socket }) => socket)).size === engines.length, 'an engine stands there twice');

const partsSchema = z.strictObject({
  releaseUrl: httpUrl.default('https://github.com/prometheus').describe('Base URL of official release archives, for mirrors.'),
  checksums: z
    .record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))
    .default({})
    .describe('SHA-256 per archive name, where you pin it yourself.'),
  nodeExporter: z.boolean().default(true).describe('Start a node_exporter and watch the machine Vigía runs on.'),
});

export const configSchema = z.strictObject({
  server: serverSchema.prefault({}),
  database: databaseSchema.prefault({}),
  prometheus: prometheusSchema.prefault({}),
  alerts: alertsSchema.prefault({}),
  detection: detectionSchema.prefault({}),
  retention: retentionSchema.prefault({}),
  archive: archiveSchema.optional().describe('An InfluxDB that keeps chosen series for years.'),
  kubernetes: kubernetesSchema.optional().describe('A Kubernetes cluster to watch.'),
  network: networkSchema.prefault({}),
  energy: energySchema.optional().describe('Bounds of the energy page. Default: those of the profile energy-device, 400 and 500 W.'),
  grafana: grafanaSchema.optional().describe('A Grafana whose panels are shown inside the page.'),
  exporters: exportersSchema.prefault({}),
  docker: dockerSchema
    .default([])
    .describe(
      'Docker engines whose containers are watched: `name` (what people call it), `socket` (a path, or tcp://HOST:PORT) and, for one with TLS, `tls` of each: `certPath` (a folder with ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH names one), or `caFile`, `certFile` and `keyFile`.',
    ),
  discovery: discoverySchema.optional().describe('Targets that DNS and files name, and what a search of the network asks.'),
  parts: partsSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;

/** Keys whose values are masked wherever the configuration is shown. */
export const configSecrets: readonly string[] = [
  'database.url',
  'prometheus.source.headers',
  'prometheus.source.password',
  'archive.token',
  'archive.password',
];
