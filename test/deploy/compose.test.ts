import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { run } from '../../src/tools/run.ts';
import { scratch, write } from '../stand-ins/real.ts';

/** deploy/compose.yml as Docker reads it. */
const root = join(import.meta.dirname, '..', '..');
const deploy = join(root, 'deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

const duration = z.string().regex(/^\d+[sm]$/);
const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  user: z.string().optional(),
  init: z.boolean().optional(),
  restart: z.enum(['unless-stopped', 'no']),
  read_only: z.boolean(),
  tmpfs: z.array(z.string()),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }),
  stop_grace_period: duration.optional(),
  environment: z.record(z.string(), z.string()).optional(),
  secrets: z.array(z.union([z.string(), z.strictObject({ source: z.string(), target: z.string() })])).optional(),
  volumes: z.array(z.string()).optional(),
  devices: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  extra_hosts: z.array(z.string()).optional(),
  network_mode: z.enum(['host', 'none']).optional(),
  pid: z.literal('host').optional(),
  healthcheck: z
    .union([
      z.strictObject({ test: z.array(z.string()).min(2), interval: duration, timeout: duration, start_period: duration.optional() }),
      z.strictObject({ disable: z.literal(true) }),
    ])
    .optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.strictObject({ condition: z.string() }))]).optional(),
});
const composeSchema = z.strictObject({
  'x-hardened': z.unknown(),
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});
const compose = composeSchema.parse(parse(read('compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
const secretName = (secret: string | { source: string }): string => (typeof secret === 'string' ? secret : secret.source);

// It is a program in Python: unpacked on a machine without that, it is there and does not run.
const hasDockerCompose = await run({ file: 'docker-compose', args: ['version'] }, { timeoutMs: 30_000, maxBytes: 10_000 }).then(
  ({ exitCode }) => exitCode === 0,
  () => false,
);

describe('deploy/compose.yml', () => {
  test('has the whole stack, every image of a pinned version', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['alertmanager', 'cadvisor', 'dashboards', 'grafana', 'influxdb', 'node-exporter', 'prometheus', 'vigia'].sort(),
    );
    expect(services.filter(([, { image }]) => !/:v?\d+\.\d+\.\d+$/.test(image)).map(([name]) => name)).toEqual([]);
  });

  test("has Vigía's own version", () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(compose.services['vigia']?.image).toBe(`vigia:${version}`);
  });

  test('says where each version is on record', () => {
    const docs = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
    const images = new Set(services.map(([, { image }]) => image).filter((image) => !image.startsWith('vigia:')));
    expect([...images].filter((image) => !docs.includes(`| \`${image}\` |`))).toEqual([]);
  });

  test('keeps every container small: read-only, no new privileges, no capabilities, a health check', () => {
    for (const [name, service] of services) {
      expect({ name, readOnly: service.read_only, security: service.security_opt }).toEqual({
        name,
        readOnly: true,
        security: ['no-new-privileges:true'],
      });
      if (name !== 'cadvisor') expect({ name, dropped: service.cap_drop }).toEqual({ name, dropped: ['ALL'] });
      // Vigía's is in its image.
      if (name !== 'vigia') expect({ name, healthcheck: service.healthcheck }).not.toEqual({ name, healthcheck: undefined });
    }
  });

  test('publishes ports on loopback alone, unless a person says otherwise', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports.length).toBeGreaterThan(4);
    expect(ports.filter((port) => !/^(127\.0\.0\.1|\$\{VIGIA_BIND:-127\.0\.0\.1\}):\d+:\d+$/.test(port))).toEqual([]);
  });

  test('holds no secret: they are files that nobody commits', () => {
    const named = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secret = named.filter(([name]) => /PASSWORD|TOKEN|SECRET|KEY/.test(name));
    expect(secret.length).toBeGreaterThan(4);
    // Grafana's data source must send a password, and the Prometheus here asks for none.
    const allowed = ([name, value]: [string, string]) => name === 'VIGIA_PROMETHEUS_PASSWORD' && value === 'none';
    expect(secret.filter((each) => !each[0].endsWith('_FILE') && !allowed(each))).toEqual([]);
    expect(secret.filter(([name, value]) => name.endsWith('_FILE') && !value.startsWith('/run/secrets/'))).toEqual([]);
    expect(readFileSync(join(root, '.gitignore'), 'utf8').split('\n')).toContain('deploy/secrets/');
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
  });

  test('names no secret, volume or file that is not there', async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const made = await run({ file: join(deploy, 'secrets.sh'), args: [dir] }, { timeoutMs: 20_000, maxBytes: 10_000 });
    expect(made.exitCode).toBe(0);
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(readFileSync(join(dir, name), 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    }
    for (const [, { secrets = [], volumes = [] }] of services) {
      expect(secrets.map(secretName).filter((name) => compose.secrets[name] === undefined)).toEqual([]);
      const sources = volumes.map((volume) => volume.split(':')[0] ?? '');
      expect(sources.filter((source) => source.startsWith('./') && !existsSync(join(deploy, source)))).toEqual([]);
      expect(sources.filter((source) => !/^[./]/.test(source) && !Object.hasOwn(compose.volumes, source))).toEqual([]);
    }
  });

  test('makes each secret once', async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    write(dir, { 'influxdb-token': 'my own' });
    const make = () => run({ file: join(deploy, 'secrets.sh'), args: [dir] }, { timeoutMs: 20_000, maxBytes: 10_000 });
    expect((await make()).stdout.split('\n').length - 1).toBe(3);
    expect(await make()).toMatchObject({ exitCode: 0, stdout: '' });
    expect(readFileSync(join(dir, 'influxdb-token'), 'utf8')).toBe('my own');
  });

  test.skipIf(!hasDockerCompose)('is taken by docker-compose (skipped where the package docker-compose is missing)', async () => {
    const command = { file: 'docker-compose', args: ['--file', join(deploy, 'compose.yml'), 'config'] };
    const result = await run(command, { timeoutMs: 60_000, maxBytes: 200_000 });
    expect({ code: result.exitCode, said: result.stderr }).toEqual({ code: 0, said: '' });
    const resolved = parse(result.stdout) as { services: Record<string, { environment: Record<string, string>; command: string[] }> };
    expect(Object.keys(resolved.services).sort()).toEqual(Object.keys(compose.services).sort());
    expect(resolved.services['vigia']?.environment['VIGIA_SERVER__PUBLIC_URL']).toBe('http://127.0.0.1:8080');
    expect(resolved.services['node-exporter']?.command).toContain('--web.listen-address=172.17.0.1:9100');
  });
});
