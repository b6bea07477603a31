import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What needs the machine alone: real load must be the only load. */
const alone = ['test/walk/walk.test.ts', 'test/walk/docker.test.ts'];
/** Vitest leaves a core to itself; on a machine of two that would be one file after the other, and most of them wait for programs. */
const maxWorkers = Math.max(2, availableParallelism() - 1);
const hookTimeout = 120_000;

/** Three groups, one after the other: the rooms; whole houses and their failures, which mostly wait; and what needs the machine alone. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/walk/**'],
          maxWorkers,
          testTimeout: 60_000,
          hookTimeout,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'failures',
          include: ['test/walk/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'walk',
          include: alone,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
