import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const files = {
  'vitest.config.mts': 'export default {};',
  'some.test.ts': `import { expect, it } from 'vitest';
let runs = 0;
it('passes', () => {});
it('fails', () => expect(1).toBe(2));
it.skip('cannot run here', () => {});
it('flickers', { retry: 2 }, () => expect(++runs).toBe(2));`,
  'unloadable.test.ts': `throw new Error('no');`,
  'hook.test.ts': `import { beforeAll, it } from 'vitest';
beforeAll(() => { throw new Error('no'); });
it('is never reached', () => {});`,
};

test('npm test counts files that failed to load, skipped and retried tests', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-counts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const counts = join(folder, 'counts.json');
  await new Promise<void>((done) => {
    execFile(
      process.execPath,
      [
        join(folder, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        `--reporter=${resolve('scripts/testCounts.mjs')}`,
      ],
      { cwd: folder, env: { ...process.env, NLVR_TEST_COUNTS: counts } },
      () => done(),
    );
  });
  expect(JSON.parse(readFileSync(counts, 'utf8'))).toEqual({
    passed: 2,
    failed: 3,
    failures: [
      'hook.test.ts',
      expect.stringMatching(/some\.test\.ts: fails: expected 1 to be 2/),
      'unloadable.test.ts',
    ],
    skips: [
      expect.stringMatching(/hook\.test\.ts: is never reached$/),
      expect.stringMatching(/some\.test\.ts: cannot run here$/),
    ],
    retried: [expect.stringMatching(/some\.test\.ts: flickers$/)],
  });
});
