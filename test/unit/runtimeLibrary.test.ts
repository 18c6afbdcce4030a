import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeMissingError, UnsupportedPlatformError } from '../../src/runtime/errors';
import { findLibrary, managedFolder } from '../../src/runtime/install/library';
import { checkVersion } from '../../src/runtime/install/versions';
import { releaseFor, requireSupported } from '../../src/runtime/install/wheels';
import { ExitCode } from '../../src/util/userError';

const suffix = process.platform === 'darwin' ? '2.dylib' : 'so.2';

describe('findLibrary', () => {
  let folder: string;
  /** An environment where nothing is found. */
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-library-'));
    mkdirSync(join(folder, 'bin'));
    python('');
    env = { PATH: join(folder, 'bin'), NLVR_CACHE_DIR: join(folder, 'cache') };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A `python3` that answers as one whose TensorFlow is there. */
  function python(answer: string): void {
    const file = join(folder, 'bin', 'python3');
    writeFileSync(file, `#!/bin/sh\necho '${answer}'\n`);
    chmodSync(file, 0o755);
  }
  function place(...path: string[]): string {
    const directory = join(folder, ...path);
    mkdirSync(directory, { recursive: true });
    for (const name of ['cc', 'framework'])
      writeFileSync(join(directory, `libtensorflow_${name}.${suffix}`), '');
    return directory;
  }

  it('prefers option, environment, managed copy, virtual environment, conda and python3, in this order', async () => {
    const onPath = place('system', 'tensorflow');
    python(onPath);
    expect(await findLibrary({ env })).toMatchObject({ source: 'python', directory: onPath });
    const conda = place('conda', 'lib', 'python3.11', 'site-packages', 'tensorflow');
    env['CONDA_PREFIX'] = join(folder, 'conda');
    expect(await findLibrary({ env })).toMatchObject({ source: 'python', directory: conda });
    const venv = place('venv', 'lib', 'python3.12', 'site-packages', 'tensorflow');
    env['VIRTUAL_ENV'] = join(folder, 'venv');
    expect(await findLibrary({ env })).toMatchObject({ source: 'python', directory: venv });
    const managed = place(managedFolder('cpu', env).slice(folder.length + 1), 'tensorflow');
    expect(await findLibrary({ env })).toMatchObject({ source: 'managed', directory: managed });
    const named = place('named');
    env['NLVR_TF_DIR'] = named;
    expect(await findLibrary({ env })).toMatchObject({ source: 'environment', directory: named });
    const option = place('option', 'tensorflow');
    expect(await findLibrary({ env, directory: join(folder, 'option') })).toEqual({
      source: 'option',
      directory: option,
      path: join(option, `libtensorflow_cc.${suffix}`),
    });
  });

  it('does not search elsewhere if a specified folder has no library', async () => {
    place(managedFolder('cpu', env).slice(folder.length + 1), 'tensorflow');
    await expect(findLibrary({ env, directory: folder })).rejects.toThrow(
      /does not contain libtensor/,
    );
    env['NLVR_TF_DIR'] = folder;
    await expect(findLibrary({ env })).rejects.toThrow(/NLVR_TF_DIR is .* does not contain/);
  });

  it('skips an incomplete managed copy', async () => {
    const managed = place(managedFolder('cpu', env).slice(folder.length + 1), 'tensorflow');
    rmSync(join(managed, `libtensorflow_framework.${suffix}`));
    await expect(findLibrary({ env })).rejects.toThrow(RuntimeMissingError);
  });

  it('reports what to do when nothing is found', async () => {
    const error = await findLibrary({ env }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RuntimeMissingError);
    expect(error).toMatchObject({
      exitCode: ExitCode.runtime,
      hint: expect.stringContaining('nlvr runtime install') as string,
    });
  });
});

describe('platforms', () => {
  it('sends Windows users to WSL or a remote machine', () => {
    const attempt = (): void => requireSupported('win32', 'x64');
    expect(attempt).toThrow(UnsupportedPlatformError);
    expect(attempt).toThrow(/Windows/);
  });

  it('has the GPU build for Linux on x86-64 only', () => {
    expect(releaseFor('gpu', 'linux', 'x64').wheels.length).toBeGreaterThan(10);
    expect(() => releaseFor('gpu', 'darwin', 'arm64')).toThrow(UnsupportedPlatformError);
  });

  it.each([
    ['linux', 'x64', 'tensorflow-cpu'],
    ['linux', 'arm64', 'tensorflow'],
    ['darwin', 'arm64', 'tensorflow'],
  ] as const)('pins the wheel of %s-%s', (platform, arch, project) => {
    const [wheel] = releaseFor('cpu', platform, arch).wheels;
    expect(wheel?.project).toBe(project);
    expect(wheel?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses a processor without a wheel', () => {
    expect(() => releaseFor('cpu', 'darwin', 'x64')).toThrow(UnsupportedPlatformError);
  });
});

describe('versions', () => {
  it.each(['2.16.0', '2.21.0', '2.30.1', '2.22.0-rc1'])('accepts %s', (version) => {
    expect(() => checkVersion(version, '')).not.toThrow();
  });
  it.each(['2.15.1', '1.15.0', '3.0.0', 'unknown'])('refuses %s', (version) => {
    expect(() => checkVersion(version, '/x')).toThrow(/not supported/);
  });
});
