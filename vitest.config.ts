import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What needs the machine for itself: it loads it on purpose and watches it while nothing happens; it measures how soon all is well again. */
const alone = ['test/walk/walk.test.ts', 'test/walk/kill.test.ts'];

/**
 * Three groups, one after the other: what may share the machine; whole Vigías that mostly wait, two at a time, as what each of them
 * watches is its own (exporters, sources and databases of the test, containers with a limit); and what must have it alone.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/walk/**'],
          // Vitest leaves a core to itself; on a machine of two that would be one file after the other, and most of them wait for programs.
          maxWorkers: Math.max(2, availableParallelism() - 1),
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'walk',
          include: ['test/walk/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
