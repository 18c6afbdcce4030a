import { defineConfig } from 'vitest/config';

/** The end-to-end suite: the packaged extension in a real VS Code in a real browser, one file at a time. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    pool: 'forks',
    fileParallelism: false,
    // A test that fails once shows a defect of the product or of the test; a retry would hide it.
    retry: 0,
    include: [
      {
        '1': 'test/e2e/readme.screenshots.ts',
        panels: 'test/e2e/{panels,analysisPanels,workflows}.screenshots.ts',
      }[process.env.NLVR_SCREENSHOTS ?? ''] ?? 'test/e2e/*.e2e.ts',
    ],
    globalSetup: ['test/e2e/harness/globalSetup.ts'],
    setupFiles: ['test/e2e/harness/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 15_000, interval: 100 } },
    reporters: ['verbose'],
  },
});
