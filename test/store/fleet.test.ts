import { beforeAll, expect, it } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import type { Store, TickCommit } from '../../src/store/contract.ts';
import type { StoreLocation } from '../../src/store/open.ts';
import { NOW, onBoth } from './both.ts';

const names = Array.from({ length: 730 }, (_, at) => `host${at}`);

function tickOf(fromMs: number | null, toMs: number): TickCommit {
  const common = { job: 'node', instance: 'i' };
  const counted = fromMs === null ? [] : names;
  return {
    profile: 'linux-host',
    fromMs,
    toMs,
    present: counted.length,
    missing: 0,
    late: false,
    board: counted.map((entity) => ({
      ...common,
      profile: 'linux-host',
      entity,
      tsMs: toMs,
      score: 0.3,
      threshold: 0.6,
      modelVersion: 1,
      learningUntilMs: null,
      shares: [],
    })),
    seen: counted.map((entity) => ({ ...common, entity, lastSeenMs: toMs, scored: 1 })),
    findings: [],
    alarms: counted.map((entity) => ({ entity, tsMs: toMs, sinceMs: null, settings: '[]', state: Uint8Array.of(1, 2, 255) })),
  };
}

const target = (id: string, port: number): Target => ({
  id,
  name: id,
  profile: 'linux-host',
  address: `192.168.1.10:${port}`,
  scheme: 'http',
  metricsPath: '/metrics',
  labels: {},
  enabled: true,
  managedBy: 'user',
  createdMs: NOW,
});

onBoth('a store of many', (bench) => {
  let place: StoreLocation;
  let store: Store;
  beforeAll(async () => {
    place = await bench.place();
    store = await bench.open(place);
  }, 60_000);

  it('commits a tick of many entities whole, and others get their turn meanwhile', { timeout: 60_000 }, async () => {
    const { pipeline } = store;
    await pipeline.commitTick(tickOf(null, 1_000));
    for (const [fromMs, toMs] of [
      [1_000, 2_000],
      [2_000, 3_000],
    ] as const) {
      let turns = 0;
      let timer = setImmediate(function turn() {
        turns++;
        timer = setImmediate(turn);
      });
      expect(await pipeline.commitTick(tickOf(fromMs, toMs))).toBe(true);
      clearImmediate(timer);
      // A hundred rows of each of three tables at a time.
      expect(turns).toBeGreaterThanOrEqual(3 * 7);
    }
    expect(await pipeline.commitTick(tickOf(2_000, 4_000))).toBe(false);
    const entities = await pipeline.entities('linux-host');
    expect(entities.map(({ entity }) => entity).toSorted()).toEqual(names.toSorted());
    expect(new Set(entities.map(({ scoredSteps, lastSeenMs }) => `${scoredSteps} ${lastSeenMs}`))).toEqual(new Set(['2 3000']));
    expect((await pipeline.board()).filter(({ tsMs }) => tsMs === 3_000)).toHaveLength(names.length);
    expect((await store.alarms.list('linux-host')).filter(({ tsMs }) => tsMs === 3_000)).toHaveLength(names.length);
    expect((await pipeline.entities(undefined, ['host7', 'nobody'])).map(({ profile, entity }) => [profile, entity])).toEqual([
      ['linux-host', 'host7'],
    ]);
  });

  it('lists the inventory as it is after every change, whoever made it', async () => {
    const ids = async (of: Store) => (await of.targets.list()).map(({ id }) => id);
    expect(await ids(store)).toEqual([]);
    await store.targets.insert(target('a', 1));
    expect(await ids(store)).toEqual(['a']);
    const listed = await store.targets.list();
    listed.pop();
    expect(await ids(store)).toEqual(['a']);
    const other = await bench.open(place);
    await other.targets.insert(target('b', 2));
    expect(await ids(store)).toEqual(['a', 'b']);
    await store.targets.update({ ...target('a', 1), name: 'z' });
    expect(await ids(store)).toEqual(['b', 'a']);
    expect(await ids(other)).toEqual(['b', 'a']);
    const lines: string[] = [];
    await store.dump(async (line) => void lines.push(line));
    expect(await store.targets.remove('b')).toBe(true);
    expect(await ids(store)).toEqual(['a']);
    await store.load(
      (async function* () {
        yield* lines;
      })(),
    );
    expect(await ids(store)).toEqual(['b', 'a']);
    await store.targets.remove('a');
    expect(await ids(store)).toEqual(['b']);
  });

  it('answers many different questions, and an old one again', async () => {
    // More than are kept.
    for (let round = 0; round < 2; round++)
      for (let count = 1; count <= 120; count++) {
        const cursors = Array.from({ length: count }, (_, at) => (at === count - 1 ? 'linux-host' : `none${at}`));
        expect(await store.pipeline.cursors(cursors)).toEqual(new Map([['linux-host', 3_000]]));
      }
  });
});
