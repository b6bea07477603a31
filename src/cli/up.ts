import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuardedFetch } from '../clients/guarded.ts';
import { VigiaError } from '../model/errors.ts';
import { listenOf, mustKnowProfiles, readConfigFiles } from '../server/config.ts';
import { openDataFolder, runningOn } from '../server/data-folder.ts';
import { loadProfiles } from '../server/profiles.ts';
import { raise } from '../server/raise.ts';
import { ensureParts, findPart } from '../tools/parts.ts';
import { configOf } from './check.ts';
import type { Invocation } from './invocation.ts';
import { become, canRead, copyProgram, giveFolder, ownUser } from './own-user.ts';
import { buildPage } from './page.ts';
import { commandFor, dataDirOf, isRoot, nodeArguments, pageDir, partsDir, profilesDir, programDir, version } from './paths.ts';
import { storeLocation } from './place.ts';

const detachMs = 120_000;
/** Root's, so that the user it is copied for cannot change what root runs. */
const programCopy = '/var/lib/vigia-program';

export async function up(invocation: Invocation): Promise<number> {
  const { options, remark } = invocation;
  const dataDir = dataDirOf(options['data'] as string | undefined, process.env);
  const { config, file } = configOf(options);
  listenOf(config);
  const files = readConfigFiles(config);
  const profiles = loadProfiles(profilesDir);
  mustKnowProfiles(config, profiles);
  const other = runningOn(dataDir);
  if (other !== null) throw new VigiaError('data-in-use', { pid: other.pid, dir: dataDir });

  const getting = {
    partsDir,
    install: options['no-install'] !== true,
    progress: remark,
    releaseUrl: config.parts.releaseUrl,
    checksums: config.parts.checksums,
    fetch: releaseFetch(config.network.proxy, config.network.noProxy),
  };
  const parts = await ensureParts(['prometheus', 'promtool', 'alertmanager', 'amtool', 'node_exporter'], getting);
  await buildPage(remark);
  const start = startArguments({ ...options, detach: false }, dataDir, file);
  if (isRoot) {
    const ids = await ownUser(remark);
    giveFolder(dataDir, ids);
    if (!(await canRead(ids, join(programDir, 'package.json'))) || !(await canRead(ids, process.execPath))) {
      return inCopy(copyProgram(programCopy, remark), startArguments(options, dataDir, file));
    }
    // Still as root: the process in the background reads the same files, and then becomes that user itself.
    if (options['detach'] === true) return detach(invocation, dataDir, start);
    become(ids);
  }
  openDataFolder(dataDir);
  if (options['detach'] === true) return detach(invocation, dataDir, start);

  const startedMs = Date.now();
  const raised = await raise({
    config,
    profiles,
    files,
    dataDir,
    storeLocation: storeLocation(config, dataDir),
    pageDir,
    parts,
    exporterTools: {
      find: (name) => findPart(name, { partsDir }),
      install: async (name) => (await ensureParts([name], getting))[name],
    },
    version,
    now: Date.now,
    remark,
  });
  remark(`Ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s.\n`);
  invocation.print(`Vigía is watching. Look here: ${raised.url}`);
  if (raised.setupNeeded) {
    invocation.print(
      `First make the administrator's account there${raised.setupCode === null ? '' : `, with the set-up code ${raised.setupCode}`}.`,
    );
  }
  remark(`Data: ${dataDir}. Stop with Ctrl-C or "${commandFor('down', options['data'] as string | undefined)}".`);
  await stopSignal();
  remark('Stopping.');
  await raised.stop();
  return 0;
}

/** Resolves at the first signal; a second one ends the process at once, and the kernel ends the children with it. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve();
      });
    }
  });
}

/** The same command for another process, whose working folder is another: every path is absolute, and nothing is left to install. */
function startArguments(options: Invocation['options'], dataDir: string, configFile: string | null): string[] {
  const args = ['up', '--no-install', '--data', dataDir];
  if (configFile !== null) args.push('--config', resolve(configFile));
  if (options['listen'] !== undefined) args.push('--listen', String(options['listen']));
  if (options['detach'] === true) args.push('--detach');
  return args;
}

/** Starts the same command in the background and waits until it is ready. */
async function detach({ options, print, remark }: Invocation, dataDir: string, startArgs: readonly string[]): Promise<number> {
  mkdirSync(dataDir, { recursive: true });
  const logFile = join(dataDir, 'vigia.log');
  const log = openSync(logFile, constants.O_APPEND | constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600);
  const before = fstatSync(log).size;
  const words = () => readFileSync(logFile).subarray(before).toString('utf8').trimEnd().split('\n');
  const args = [...nodeArguments, join(programDir, 'src', 'cli', 'main.ts'), ...startArgs];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log], cwd: programDir });
  let ended: number | null = null;
  child.once('exit', (code) => (ended = code ?? 1));
  closeSync(log);
  for (let waitedMs = 0; waitedMs < detachMs; waitedMs += 100) {
    await sleep(100);
    const running = runningOn(dataDir);
    const said = words();
    if (running !== null && running.pid === child.pid && said.some((line) => line.startsWith('Data: '))) {
      child.unref();
      print(`Vigía is watching (pid ${running.pid}). Look here: ${running.url}`);
      // The set-up code is in no other place.
      for (const line of said.filter((each) => each.startsWith('First make '))) print(line);
      remark(`Log: ${logFile}. Stop with "${commandFor('down', options['data'] as string | undefined)}".`);
      return 0;
    }
    if (ended !== null) {
      remark(`Vigía did not start:\n${said.slice(-5).join('\n')}`);
      return ended === 0 ? 70 : ended;
    }
  }
  remark(`Vigía is not ready after ${detachMs / 1000} s; see ${logFile}.`);
  return 70;
}

/** Goes on as the copy of this program that the user of its own can read: the same process, so that nobody stands between. */
function inCopy(copy: string, args: readonly string[]): never {
  const node = process.execPath.startsWith(`${programDir}/`) ? join(copy, process.execPath.slice(programDir.length + 1)) : process.execPath;
  process.chdir(copy);
  if (process.execve === undefined) throw new VigiaError('bug', { reason: 'this Node.js has no process.execve' });
  return process.execve(node, [node, ...nodeArguments, join(copy, 'src', 'cli', 'main.ts'), ...args]);
}

function releaseFetch(proxy: string | undefined, noProxy: readonly string[]) {
  const fetch = createGuardedFetch({ proxy, noProxy, forbiddenPorts: () => new Set<number>() });
  return async (url: string, maxBytes: number, deadlineMs: number) => fetch(url, { maxBytes, deadlineMs, allowLoopback: true });
}
