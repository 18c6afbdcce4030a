import { defineConfig } from 'vitest/config';

/** `npm run test:soak` (scripts/soak.mjs). */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    pool: 'forks',
    fileParallelism: false,
    include: ['bench/soak/*.soak.ts'],
    globalSetup: ['test/e2e/harness/globalSetup.ts'],
    setupFiles: ['test/e2e/harness/setup.ts'],
    testTimeout: 0,
    hookTimeout: 300_000,
    teardownTimeout: 20_000,
    reporters: ['verbose'],
  },
});
