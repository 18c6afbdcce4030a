import { createHash } from 'node:crypto';
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { InstallError } from '../../src/runtime/errors';
import { install, type InstallProgress, removeManaged } from '../../src/runtime/install/install';
import { findLibrary, managedFolder, managedRoot } from '../../src/runtime/install/library';
import { type Release, releaseFor } from '../../src/runtime/install/wheels';

const suffix = process.platform === 'darwin' ? '2.dylib' : 'so.2';

describe('install', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let wheel: string;
  let release: Release;
  const test = (): Promise<void> => Promise.resolve();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-install-'));
    env = {
      NLVR_CACHE_DIR: join(folder, 'cache'),
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    };
    wheel = join(folder, 'tensorflow_cpu-2.21.0.whl');
    release = await fakeRelease();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A small wheel with what an install takes, and with what it must leave. */
  async function fakeRelease(): Promise<Release> {
    const zip = new yazl.ZipFile();
    const add = (name: string, text: string): void => zip.addBuffer(Buffer.from(text), name);
    add(`tensorflow/libtensorflow_cc.${suffix}`, 'cc'.repeat(1000));
    add(`tensorflow/libtensorflow_framework.${suffix}`, 'framework');
    add('tensorflow/__init__.py', 'import sys');
    add('elsewhere/tensorflow/libtensorflow_cc.so.2', 'not this one');
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(wheel));
    const bytes = readFileSync(wheel);
    const real = releaseFor('cpu');
    const [pinned] = real.wheels;
    if (!pinned) throw new Error('no wheel');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { ...real, unpackedBytes: 2009, wheels: [{ ...pinned, sha256, bytes: bytes.length }] };
  }

  /** A `python3` whose `-m pip` does this; `$dest` is the folder that pip was asked to fill. */
  function fakePip(script: string): void {
    const file = join(folder, 'bin', 'python3');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(
      file,
      `#!/bin/sh
case "$*" in *--version*) echo pip 24; exit 0;; esac
for a in "$@"; do case "$a" in --dest=*) dest="\${a#--dest=}";; esac; done
${script}
`,
    );
    chmodSync(file, 0o755);
  }

  function leftovers(): string[] {
    return existsSync(managedRoot(env)) ? readdirSync(managedRoot(env)) : [];
  }

  it('downloads with pip, checks, unpacks only the libraries and puts them in place', async () => {
    fakePip(`echo "$@" > '${join(folder, 'args')}'; cp '${wheel}' "$dest/"`);
    const phases: InstallProgress[] = [];
    const library = await install({
      env,
      release,
      test: (staged) => {
        expect(existsSync(staged.path)).toBe(true);
        expect(existsSync(managedFolder('cpu', env))).toBe(false);
        return Promise.resolve();
      },
      onProgress: (progress) => phases.push(progress),
    });
    expect(library).toEqual(await findLibrary({ env }));
    expect(readFileSync(library.path, 'utf8')).toBe('cc'.repeat(1000));
    expect(readdirSync(library.directory)).toHaveLength(2);
    expect(leftovers()).toEqual(['2.21.0-cpu']);
    expect(new Set(phases.map(({ phase }) => phase))).toEqual(
      new Set(['downloading', 'verifying', 'unpacking', 'testing']),
    );
    expect(phases.filter(({ phase }) => phase === 'unpacking').at(-1)).toMatchObject({
      done: 2009,
      total: 2009,
    });
    const args = readFileSync(join(folder, 'args'), 'utf8');
    expect(args).toMatch(/-m pip download --no-deps --only-binary=:all: --python-version=3\.12/);
    expect(args).toContain(`${release.wheels[0]?.project}==2.21.0`);
  });

  it('uses an existing wheel without pip', async () => {
    fakePip('exit 9');
    const library = await install({ env, release, wheels: [wheel], test });
    expect(existsSync(library.path)).toBe(true);
    expect(existsSync(wheel)).toBe(true);
  });

  it('does nothing if it is already installed', async () => {
    await install({ env, release, wheels: [wheel], test });
    rmSync(wheel);
    fakePip('exit 9');
    await install({ env, release, test });
  });

  it('refuses a wheel with another content', async () => {
    writeFileSync(wheel, 'something else');
    await expect(install({ env, release, wheels: [wheel], test })).rejects.toThrow(/SHA-256/);
    fakePip(`cp '${wheel}' "$dest/"`);
    await expect(install({ env, release, test })).rejects.toThrow(
      /differs from the published file/,
    );
    expect(leftovers()).toEqual([]);
  });

  it('removes all files when the self-test fails', async () => {
    const broken = (): Promise<never> => Promise.reject(new InstallError('crashed'));
    await expect(install({ env, release, wheels: [wheel], test: broken })).rejects.toThrow(
      'crashed',
    );
    expect(leftovers()).toEqual([]);
  });

  it('reports the output of pip', async () => {
    fakePip('echo "ERROR: No matching distribution found" >&2; exit 1');
    await expect(install({ env, release, test })).rejects.toThrow(/No matching distribution/);
    expect(leftovers()).toEqual([]);
  });

  it('stops pip and cleans up when aborted', async () => {
    const started = join(folder, 'started');
    fakePip(`echo $$ > '${started}'; exec sleep 60`);
    const controller = new AbortController();
    const running = install({ env, release, test, signal: controller.signal });
    const failed = expect(running).rejects.toMatchObject({ name: 'AbortError' });
    while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await failed;
    expect(leftovers()).toEqual([]);
    const pid = Number(readFileSync(started, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow();
  });

  it('two installs at once both succeed', async () => {
    const both = await Promise.all(
      [1, 2].map(() => install({ env, release, wheels: [wheel], test })),
    );
    expect(both[0]).toEqual(both[1]);
    expect(leftovers()).toEqual(['2.21.0-cpu']);
  });

  it('removes the files of a killed installation, but not those of a running one', async () => {
    const root = managedRoot(env);
    mkdirSync(join(root, '.installing-999999999-abcd'), { recursive: true });
    mkdirSync(join(root, `.installing-${process.ppid}-abcd`));
    await install({ env, release, wheels: [wheel], test });
    expect(leftovers().sort()).toEqual([`.installing-${process.ppid}-abcd`, '2.21.0-cpu']);
  });

  it('reports how much disk space is missing', async () => {
    const huge = { ...release, unpackedBytes: 1e18 };
    await expect(install({ env, release: huge, wheels: [wheel], test })).rejects.toThrow(
      /the install needs 1\.0 EB/,
    );
  });

  it('removes the installed library', async () => {
    await install({ env, release, wheels: [wheel], test });
    expect(await removeManaged(env)).toBe(true);
    expect(await removeManaged(env)).toBe(false);
    expect(existsSync(managedRoot(env))).toBe(false);
  });

  it('reports what to do without pip', async () => {
    const without = { ...env, PATH: join(folder, 'nothing') };
    await expect(install({ env: without, release, test })).rejects.toMatchObject({
      message: expect.stringContaining('No pip was found') as string,
      hint: expect.stringContaining('--wheel') as string,
    });
  });
});
