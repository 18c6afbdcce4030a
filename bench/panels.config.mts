import { defineConfig } from 'vitest/config';

/** Measures the panels in a real VS Code and browser, with the harness of the end-to-end tests. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    fileParallelism: false,
    include: ['bench/{failures,dashboard,runsTable,analysis,workspace}.ts'],
    globalSetup: ['test/e2e/harness/globalSetup.ts'],
    setupFiles: ['test/e2e/harness/setup.ts'],
    testTimeout: 300_000,
    // Runs of two million steps or predictions are written before.
    hookTimeout: 1_200_000,
    teardownTimeout: 20_000,
    // The machine may be busy, so allow more time.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['verbose'],
  },
});
