// Vitest reporter for scripts/test.mjs: writes the numbers of passed, failed, skipped and retried tests and their names to the
// file in NLVR_TEST_COUNTS.
import { writeFileSync } from 'node:fs';

export default class TestCounts {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, failures: [], retried: [], skips: [] };
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (state === 'passed') counts.passed++;
        else if (state === 'failed') {
          failedHere++;
          const [error] = test.result().errors ?? [];
          counts.failures.push(`${name}: ${error?.message ?? ''}`.split('\n')[0]);
        } else counts.skips.push(name);
        if ((test.diagnostic()?.retryCount ?? 0) > 0) counts.retried.push(name);
      }
      // If a file fails to load or a hook fails, there is no failed test.
      if (failedHere === 0 && !module.ok()) {
        failedHere = 1;
        counts.failures.push(module.relativeModuleId);
      }
      counts.failed += failedHere;
    }
    // An error outside of all tests counts as a failure.
    if (counts.failed === 0 && unhandledErrors.length > 0) counts.failed = 1;
    writeFileSync(process.env.NLVR_TEST_COUNTS, JSON.stringify(counts));
  }
}
