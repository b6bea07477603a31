import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardedFetch } from '../clients/guarded.ts';
import type { PartHealth } from '../model/api.ts';
import type { Config } from '../model/config.ts';
import { VigiaError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Target } from '../model/target.ts';
import { exporterCommand, exporterVersionCommand } from '../tools/exporters.ts';
import type { Tool } from '../tools/parts.ts';
import { run, type start } from '../tools/run.ts';
import { blackboxFile, snmpFile, snmpIsSplit } from './derive/exporter-files.ts';
import { installFiles } from './derive/install.ts';
import { webFile } from './derive/web-file.ts';
import type { Log } from './log.ts';
import { type ChildSpec, supervise, type Supervised } from './supervisor.ts';

export type ExporterName = 'blackbox' | 'snmp';
export type ExporterTool = 'blackbox_exporter' | 'snmp_exporter';
/** HOST:PORT of each exporter that is asked about others. */
export type ExporterAddresses = Readonly<Record<ExporterName, string>>;

const exporterNames: readonly ExporterName[] = ['blackbox', 'snmp'];
const configFiles: Readonly<Record<ExporterName, string>> = { blackbox: 'blackbox.yml', snmp: 'snmp.yml' };
/** A program that could not be had is looked for at each try, but downloaded no sooner than this. */
const againMs = 30 * 60_000;

/** The blackbox and SNMP exporters: those that the configuration names, or children that run while a target needs them. */
export interface Exporters {
  readonly addresses: ExporterAddresses;
  /** Those that are Vigía's own children. */
  readonly own: ReadonlySet<ExporterName>;
  /** Starts what the inventory needs and stops what it needs no more. */
  sync(): Promise<void>;
  health(): PartHealth[];
  pids(): Record<string, number | null>;
  stop(): Promise<void>;
}

export interface ExportersOptions {
  readonly config: Config['exporters'];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly targets: () => Promise<readonly Target[]>;
  readonly dataDir: string;
  readonly ports: Readonly<Record<ExporterName, number>>;
  readonly credential: { readonly username: string; readonly password: string };
  /** Finds the program, or null. */
  readonly find: (name: ExporterTool) => Tool | null;
  /** Gets it, as `vigia up` gets the others. @throws VigiaError `part-missing` with what helps. */
  readonly install: (name: ExporterTool) => Promise<Tool>;
  readonly fetch: GuardedFetch;
  readonly start: typeof start;
  readonly log: Log;
  readonly now: () => number;
  readonly onChange: () => void;
}

export function createExporters(options: ExportersOptions): Exporters {
  const { config, ports, dataDir, credential } = options;
  const addressOf = (name: ExporterName) => config[name] ?? `127.0.0.1:${ports[name]}`;
  const own = new Set(exporterNames.filter((name) => config[name] === undefined));
  const running = new Map<ExporterName, Supervised>();
  const failed = new Map<ExporterName, { readonly atMs: number; readonly why: unknown }>();

  async function toolOf(name: ExporterName): Promise<Tool> {
    const program = `${name}_exporter` as const;
    const found = options.find(program);
    if (found !== null) return found;
    const before = failed.get(name);
    if (before !== undefined && options.now() - before.atMs < againMs) throw before.why;
    try {
      return await options.install(program);
    } catch (thrown) {
      failed.set(name, { atMs: options.now(), why: thrown });
      throw thrown;
    }
  }

  function specOf(name: ExporterName): ChildSpec {
    const dir = join(dataDir, `${name}_exporter`);
    const at = (file: string) => join(dir, 'config', file);
    let tool: Tool | null = null;
    return {
      name: `${name}_exporter`,
      prepare: async () => {
        tool = await toolOf(name);
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        await installFiles({
          dir: join(dir, 'config'),
          files: {
            'web.yml': webFile(credential),
            [configFiles[name]]: name === 'blackbox' ? blackboxFile() : snmpFile(await isSplit(tool)),
          },
          part: `${name}_exporter`,
          check: () => [],
          run,
        });
      },
      command: () => {
        if (tool === null) throw new VigiaError('bug', { reason: `${name}_exporter is started before it was prepared` });
        const listen = { host: '127.0.0.1', port: ports[name] };
        return exporterCommand(tool, { configFile: at(configFiles[name]), webConfigFile: at('web.yml'), listen });
      },
      probe: async () => {
        const authorization = `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
        const answer = await options.fetch(`http://127.0.0.1:${ports[name]}/`, {
          headers: { authorization },
          deadlineMs: 3_000,
          maxBytes: 1_000_000,
          allowLoopback: true,
          ownChild: true,
        });
        if (answer.status !== 200)
          throw new VigiaError('far-status', { what: `${name}_exporter`, status: answer.status, reason: 'a page was expected' });
      },
    };
  }

  return {
    addresses: { blackbox: addressOf('blackbox'), snmp: addressOf('snmp') },
    own,
    async sync() {
      const targets = await options.targets();
      const needed = new Set(
        targets.filter(({ enabled }) => enabled).map(({ profile }) => options.profiles.get(profile)?.through?.exporter),
      );
      for (const name of own) {
        const child = running.get(name);
        if (needed.has(name) && child === undefined) {
          const { start, log, now, onChange } = options;
          running.set(name, supervise(specOf(name), { start, log, now, onChange }));
        } else if (!needed.has(name) && child !== undefined) {
          running.delete(name);
          await child.stop();
        }
      }
    },
    health: () => [...running.values()].map((child) => child.health()),
    pids: () => Object.fromEntries([...running.values()].map((child) => [child.name, child.pid()])),
    async stop() {
      await Promise.all([...running.values()].map((child) => child.stop()));
      running.clear();
    },
  };
}

async function isSplit(tool: Tool): Promise<boolean> {
  const { stdout, stderr } = await run(exporterVersionCommand(tool), { timeoutMs: 10_000, maxBytes: 10_000 });
  return snmpIsSplit(`${stdout}${stderr}`);
}
