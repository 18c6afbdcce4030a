// A vitest reporter for scripts/test.mjs: writes how many tests passed, failed, were skipped or tried again, and which,
// to the file that NLVR_TEST_COUNTS names.
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
      // A file that fails to load, or a hook that fails, has no failed test of its own.
      if (failedHere === 0 && !module.ok()) {
        failedHere = 1;
        counts.failures.push(module.relativeModuleId);
      }
      counts.failed += failedHere;
    }
    // An error outside of every test: what passed proves little.
    if (counts.failed === 0 && unhandledErrors.length > 0) counts.failed = 1;
    writeFileSync(process.env.NLVR_TEST_COUNTS, JSON.stringify(counts));
  }
}
