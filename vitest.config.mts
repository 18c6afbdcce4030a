import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Native libraries (koffi, sharp, TensorFlow) live in a process of their own, one file at a time:
    // two TensorFlow sessions at once would only fight for the cores.
    pool: 'forks',
    fileParallelism: false,
    include: ['test/{unit,parity,integration,faults}/**/*.test.ts'],
    globalSetup: ['test/globalSetup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
