import { describe, expect, test } from 'vitest';
import type { Overview } from '../../src/model/api.ts';
import { stateOf, verdictOf } from '../../src/web/pages/overview/verdict.ts';
import { summaryOf, worstFirst } from '../../src/server/views/fleet.ts';
import { fleetScene } from './overview.ts';
import { makeScene } from './scenes.ts';

const now = Date.UTC(2026, 10, 22, 12);
const overviewOf = (scene: 'calm' | 'incident' | 'empty', change: (overview: Overview) => void = () => {}): Overview => {
  const { overview } = makeScene(scene, now);
  change(overview);
  const targets = worstFirst(overview.targets);
  return { ...overview, targets, summary: summaryOf(targets, overview.incidents) };
};
const first = ({ targets }: Overview) => {
  const [target] = targets;
  if (!target) throw new Error('the scene has targets');
  return target;
};

describe('the first line', () => {
  test('nothing wrong: how many are watched, how many learn and until when', () => {
    expect(verdictOf(overviewOf('calm'))).toEqual({ kind: 'fine', watched: 3, learning: 1, untilMs: now + 40 * 60_000 });
  });

  test('an incident and its own target are one trouble', () => {
    const verdict = verdictOf(overviewOf('incident'));
    expect(verdict).toMatchObject({ kind: 'incident', incident: { entity: 'web1' } });
    expect(stateOf(verdict)).toBe('bad');
  });

  test('two troubled targets are counted, from the first start on', () => {
    const verdict = verdictOf(
      overviewOf('incident', ({ targets }) => {
        const [, second] = targets;
        if (second) Object.assign(second, { state: 'bad', name: 'db', sinceMs: now - 3_600_000 });
      }),
    );
    expect(verdict).toEqual({ kind: 'many', count: 2, names: ['db', 'web1'], sinceMs: now - 3_600_000 });
  });

  test('a silent part makes everything unknown, even where no target says so', () => {
    const verdict = verdictOf(
      overviewOf('calm', (overview) => {
        overview.state = 'unknown';
        Object.assign(overview.parts[0] ?? {}, { state: 'unknown', reason: 'connection refused' });
      }),
    );
    expect(verdict).toMatchObject({ kind: 'part', part: { part: 'Prometheus' } });
    expect(stateOf(verdict)).toBe('unknown');
  });

  test('no data is never fine', () => {
    const silent = verdictOf(overviewOf('calm', (overview) => Object.assign(first(overview), { state: 'unknown', reason: 'no samples' })));
    expect(silent).toMatchObject({ kind: 'unknown', targets: [{ id: 'web1' }] });
    // The server says unknown and gives no reason: that is no reason to say fine.
    expect(stateOf(verdictOf(overviewOf('calm', (overview) => Object.assign(overview, { state: 'unknown' }))))).toBe('unknown');
  });

  test('a target that is switched off troubles nobody', () => {
    const verdict = verdictOf(overviewOf('calm', (overview) => Object.assign(first(overview), { state: 'unknown', enabled: false })));
    expect(verdict).toMatchObject({ kind: 'fine', watched: 2 });
  });

  test('while everything learns, nothing is called fine', () => {
    const verdict = verdictOf(
      overviewOf('calm', ({ targets }) => {
        for (const target of targets) target.learningUntilMs = now + 60_000;
      }),
    );
    expect(verdict).toEqual({ kind: 'learning', watched: 3, untilMs: now + 60_000 });
    expect(stateOf(verdict)).toBe('unknown');
  });

  test('of two thousand targets the first three are named, whatever is listed of them', () => {
    const { overview } = fleetScene(now);
    const targets = worstFirst(overview.targets);
    const verdict = verdictOf({ ...overview, targets: targets.slice(0, 2), summary: summaryOf(targets, []) });
    const rack = (node: number) => `node${node}.rack${((node - 1) % 40) + 1}.example.org`;
    expect(verdict).toMatchObject({ kind: 'many', count: 4, names: [8, 508, 1008].map(rack) });
  });

  test('an empty house is neither', () => {
    expect(verdictOf(overviewOf('empty'))).toEqual({ kind: 'empty' });
  });
});
