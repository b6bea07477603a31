import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import type { GuardedFetch } from '../clients/guarded.ts';
import type { PrometheusClient } from '../clients/prometheus.ts';
import type { Config } from '../model/config.ts';
import { VigiaError } from '../model/errors.ts';
import { alertmanagerCommand, checkConfigCommand as checkAlertmanager } from '../tools/alertmanager.ts';
import { nodeExporterCommand } from '../tools/node-exporter.ts';
import type { Tool } from '../tools/parts.ts';
import { checkConfigCommand as checkPrometheus, prometheusCommand } from '../tools/prometheus.ts';
import { run } from '../tools/run.ts';
import { ALERTMANAGER_FILE, ALERTMANAGER_WEB_FILE, alertmanagerFiles, type AlertmanagerInput } from './derive/alertmanager-files.ts';
import { installFiles } from './derive/install.ts';
import { PROMETHEUS_FILE, PROMETHEUS_WEB_FILE, prometheusFiles, type PrometheusInput } from './derive/prometheus-files.ts';
import { webFile } from './derive/web-file.ts';
import type { Log } from './log.ts';
import type { ChildSpec } from './supervisor.ts';

export type PartTools = Readonly<Record<'prometheus' | 'promtool' | 'alertmanager' | 'amtool' | 'node_exporter', Tool>>;

export interface ChildrenOptions {
  readonly dataDir: string;
  readonly config: Config;
  readonly parts: PartTools;
  readonly ports: Readonly<Record<'prometheus' | 'alertmanager' | 'node', number>>;
  readonly credential: { readonly username: string; readonly password: string };
  readonly fetch: GuardedFetch;
  readonly prometheus: PrometheusClient;
  readonly alertmanager: AlertmanagerClient;
  readonly prometheusInput: () => Promise<PrometheusInput>;
  readonly alertmanagerInput: () => Promise<AlertmanagerInput>;
  /** Silences live in the store; an Alertmanager that lost its own gets them back. */
  readonly reapplySilences: () => Promise<void>;
  readonly log: Log;
}

export interface Children {
  readonly specs: readonly ChildSpec[];
  /** Makes Prometheus's files anew and reloads it. @throws VigiaError `derived-refused`; the old files stay. */
  derivePrometheus(reload: boolean): Promise<void>;
  deriveAlertmanager(reload: boolean): Promise<void>;
}

const loopback = (port: number) => ({ host: '127.0.0.1', port });
const alertmanagerRetentionMs = 5 * 86_400_000;

export function createChildren(options: ChildrenOptions): Children {
  const { config, parts, ports, dataDir, credential } = options;
  const folder = (...names: string[]) => join(dataDir, ...names);
  const storage = (name: string): string => {
    const dir = folder(name, 'data');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  };

  const derivePrometheus = async (reload: boolean): Promise<void> => {
    const { changed } = await installFiles({
      dir: folder('prometheus', 'config'),
      files: prometheusFiles(await options.prometheusInput()),
      part: 'Prometheus',
      check: (dir) => [checkPrometheus(parts.promtool, join(dir, PROMETHEUS_FILE))],
      run,
    });
    if (changed && reload) await options.prometheus.reload();
  };

  const deriveAlertmanager = async (reload: boolean): Promise<void> => {
    const { changed } = await installFiles({
      dir: folder('alertmanager', 'config'),
      files: alertmanagerFiles(await options.alertmanagerInput()),
      part: 'Alertmanager',
      check: (dir) => [checkAlertmanager(parts.amtool, join(dir, ALERTMANAGER_FILE))],
      run,
    });
    if (changed && reload) await options.alertmanager.reload();
  };

  const prometheus: ChildSpec = {
    name: 'Prometheus',
    prepare: async () => {
      mkdirSync(folder('prometheus'), { recursive: true, mode: 0o700 });
      await derivePrometheus(false);
    },
    command: () =>
      prometheusCommand(parts.prometheus, {
        configFile: folder('prometheus', 'config', PROMETHEUS_FILE),
        webConfigFile: folder('prometheus', 'config', PROMETHEUS_WEB_FILE),
        storagePath: storage('prometheus'),
        listen: loopback(ports.prometheus),
        retentionTimeMs: config.prometheus.retention,
        retentionSize: config.prometheus.retentionSize,
        lookbackDeltaMs: 2 * config.prometheus.scrapeInterval,
        lifecycle: true,
        logLevel: 'warn',
      }),
    probe: () => options.prometheus.ready(),
  };

  const alertmanager: ChildSpec = {
    name: 'Alertmanager',
    prepare: async (_, lastWords) => {
      mkdirSync(folder('alertmanager'), { recursive: true, mode: 0o700 });
      quarantine(storage('alertmanager'), lastWords, options.log);
      await deriveAlertmanager(false);
    },
    command: () =>
      alertmanagerCommand(trusting(parts.alertmanager, config.network.caFile), {
        configFile: folder('alertmanager', 'config', ALERTMANAGER_FILE),
        webConfigFile: folder('alertmanager', 'config', ALERTMANAGER_WEB_FILE),
        storagePath: storage('alertmanager'),
        listen: loopback(ports.alertmanager),
        retentionMs: alertmanagerRetentionMs,
        logLevel: 'warn',
      }),
    probe: () => options.alertmanager.ready(),
    onReady: options.reapplySilences,
  };

  const nodeExporter: ChildSpec = {
    name: 'node_exporter',
    prepare: async () => {
      mkdirSync(folder('node_exporter'), { recursive: true, mode: 0o700 });
      await installFiles({
        dir: folder('node_exporter', 'config'),
        files: { 'web.yml': webFile(credential) },
        part: 'node_exporter',
        check: () => [],
        run,
      });
    },
    command: () =>
      nodeExporterCommand(parts.node_exporter, {
        listen: loopback(ports.node),
        webConfigFile: folder('node_exporter', 'config', 'web.yml'),
      }),
    probe: async () => {
      const authorization = `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
      const answer = await options.fetch(`http://127.0.0.1:${ports.node}/`, {
        headers: { authorization },
        deadlineMs: 3_000,
        maxBytes: 100_000,
        allowLoopback: true,
        ownChild: true,
      });
      if (answer.status !== 200)
        throw new VigiaError('far-status', { what: 'node_exporter', status: answer.status, reason: 'a page was expected' });
    },
  };

  return {
    specs: config.parts.nodeExporter ? [prometheus, alertmanager, nodeExporter] : [prometheus, alertmanager],
    derivePrometheus,
    deriveAlertmanager,
  };
}

/** Go reads more authorities from here, beside the system's. */
function trusting(tool: Tool, caFile: string | undefined): Tool {
  return caFile === undefined ? tool : { ...tool, env: { ...tool.env, SSL_CERT_FILE: caFile } };
}

/**
 * Alertmanager refuses to start on a damaged snapshot: it is set aside, and silences come back from the store. These are
 * the words of a run that never answered; snapshots that were fine a moment ago stay where they are.
 */
function quarantine(dir: string, lastWords: string, log: Log): void {
  if (!/EOF|proto: |varint|snapshot|invalid state|out of memory|makeslice/i.test(lastWords)) return;
  const aside = join(dir, `damaged-${Date.now()}`);
  for (const name of ['nflog', 'silences']) {
    if (!existsSync(join(dir, name))) continue;
    mkdirSync(aside, { recursive: true });
    renameSync(join(dir, name), join(aside, name));
  }
  if (existsSync(aside)) log.warn({ part: 'Alertmanager', aside, files: readdirSync(aside) }, 'damaged state was set aside');
}
