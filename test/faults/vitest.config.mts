import { defineConfig } from 'vitest/config';

/** The long form of the fault tests: `npm run test:faults`. */
export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    include: ['test/faults/**/*.test.ts', 'test/faults/**/*.long.ts'],
    globalSetup: ['test/globalSetup.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 300_000,
  },
});
