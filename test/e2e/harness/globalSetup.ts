/** Runs once per test run: installs tools, builds, packages and installs the extension into VS Code's extension folders. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { testTools, type ServerName, type TestTools } from '../../../scripts/testTools.mjs';
import { installExtension } from './install';
import { killMarked, killOrphans, newMark } from './processes';

declare module 'vitest' {
  interface ProvidedContext {
    tools: TestTools;
    /** Extension folder of each server, with the packaged extension installed. */
    extensions: Record<ServerName, string>;
    /** Temporary files of this test run; removed at the end. */
    scratch: string;
    /** See processes.ts. */
    mark: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  killOrphans();
  const mark = newMark();
  const scratch = mkdtempSync(join(tmpdir(), 'nlvr-e2e-'));
  const cleanUp = () => {
    killMarked(mark);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));

  const tools = await testTools();
  const vsix = packageExtension(scratch);
  const extensions = {
    current: installExtension(tools.servers.current, vsix, join(scratch, 'extensions'), mark),
    oldest: installExtension(tools.servers.oldest, vsix, join(scratch, 'extensions-oldest'), mark),
  };
  mkdirSync(new URL('../artifacts', import.meta.url), { recursive: true });
  project.provide('tools', tools);
  project.provide('extensions', extensions);
  project.provide('scratch', scratch);
  project.provide('mark', mark);
  return cleanUp;
}

/**
 * Creates the VSIX, so that the tests run what ships. `NLVR_E2E_VSIX` specifies an existing one.
 * @returns undefined when the project has no package script; the built folder is copied then.
 */
function packageExtension(scratch: string): string | undefined {
  if (process.env.NLVR_E2E_VSIX) return process.env.NLVR_E2E_VSIX;
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts?: Record<string, string>;
  };
  if (!manifest.scripts?.package || process.env.NLVR_E2E_COPY) {
    execFileSync(process.execPath, ['scripts/build.mjs', '--quiet'], { stdio: 'inherit' });
    return undefined;
  }
  const file = join(scratch, 'extension.vsix');
  execFileSync('npm', ['run', '--silent', 'package', '--', '--out', file], { stdio: 'inherit' });
  return file;
}
