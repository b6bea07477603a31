import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Two groups: what may share the machine, and then what must have it alone: real load, real faults, one after the other. */
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
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'walk',
          include: ['test/walk/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
