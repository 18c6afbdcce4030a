import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLibrary } from '../../src/runtime/install/library';
import { inEnglish } from '../../src/util/localize';
import { runtimeStatus } from '../../src/runtime/install/runtimeStatus';
import { selfTest } from '../../src/runtime/install/selfTest';

const run = promisify(execFile);
const suffix = process.platform === 'darwin' ? '2.dylib' : 'so.2';

describe('the native library', () => {
  // Inside the checkout, so that bundles find koffi.
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(resolve('node_modules/.runtime-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('passes its self-test', async () => {
    const result = await selfTest(await findLibrary());
    expect(result.version).toMatch(/^2\./);
    const status = await runtimeStatus();
    expect(status).toMatchObject({ version: result.version, problem: null });
    expect(status.size).toBeGreaterThan(1e8);
  });

  it('fails its self-test when it is damaged, without ending this process', async () => {
    for (const name of ['cc', 'framework'])
      writeFileSync(join(folder, `libtensorflow_${name}.${suffix}`), 'not a library');
    const status = await runtimeStatus({ directory: folder });
    expect(inEnglish(status.problem ?? '')).toMatch(/failed its self-test: .*cannot be loaded/);
    expect(inEnglish(status.hint ?? '')).toMatch(/nlvr runtime install/);
  });

  it('writes its log to a file, not to the terminal', async () => {
    const script = join(folder, 'log.cjs');
    const log = join(folder, 'native.log');
    await build({
      stdin: {
        contents: `
          import { redirectNativeLog } from '../../src/runtime/tensorflow/nativeLog';
          import { openSession } from './runtimeSupport';
          process.env.TF_CPP_MIN_LOG_LEVEL = '0';
          console.error('before');
          if (!redirectNativeLog(process.argv[2])) throw new Error('not redirected');
          openSession().then(async (session) => {
            await session.dispose();
            console.error('from console');
            process.stderr.write('from stderr\\n');
            throw new Error('uncaught one');
          }).catch((error) => setTimeout(() => { throw error; }));`,
        resolveDir: resolve('test/integration'),
      },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['koffi'],
      outfile: script,
      logLevel: 'error',
    });
    const { stderr } = (await run(process.execPath, [script, log]).catch((e: unknown) => e)) as {
      stderr: string;
    };
    expect(stderr).toMatch(/^before\nfrom console\nfrom stderr\nError: uncaught one\n/);
    expect(stderr).not.toMatch(/TensorFlow|oneDNN|cpu_feature_guard/);
    expect(readFileSync(log, 'utf8')).toMatch(/oneDNN|cpu_feature_guard|TensorFlow/);
  });
});
