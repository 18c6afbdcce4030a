/** Installs TensorFlow's library into the per-user cache, and removes it. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findCacheFolder, makeCacheFolder } from '../../util/cacheFolder';
import { formatBytes } from '../../util/formatBytes';
import { localize } from '../../util/localize';
import { errnoOf } from '../../util/userError';
import { InstallError } from '../errors';
import { type Library, managedFolder, managedLibrary, managedRoot } from './library';
import { downloadWheel, findPip } from './pip';
import { selfTest } from './selfTest';
import { sha256Of, unpack } from './unpack';
import { type Release, releaseFor, type Wheel } from './wheels';

/** Interval at which unpacking reports its progress. */
const REPORT_MS = 200;

export interface InstallProgress {
  phase: 'downloading' | 'verifying' | 'unpacking' | 'testing';
  /** Name of the package. */
  item: string;
  /** Bytes of all packages; downloading and unpacking are counted separately. */
  done: number;
  total: number;
}

export interface InstallOptions {
  /** The CUDA build with NVIDIA's libraries. */
  gpu?: boolean;
  /** Files of wheels that were already downloaded. */
  wheels?: readonly string[];
  onProgress?: (progress: InstallProgress) => void;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
  /** Release to install; by default the pinned release of this platform. */
  release?: Release;
  /** Test of the unpacked library before it is moved into place. */
  test?: (library: Library) => Promise<unknown>;
}

/** Bytes that an install downloads, and that it takes on the disk. */
export function installSize(gpu: boolean): { download: number; installed: number } {
  const release = releaseFor(gpu ? 'gpu' : 'cpu');
  return { download: downloadBytes(release), installed: release.unpackedBytes };
}

/**
 * Downloads, verifies, unpacks and tests the library, then moves the whole folder into place. Does nothing if it is already
 * installed. Removes its files when it fails or is aborted. Two installs may run at the same time.
 *
 * @throws InstallError with what failed and what to do
 * @throws DOMException AbortError
 */
export async function install(options: InstallOptions = {}): Promise<Library> {
  const { env = process.env, signal } = options;
  const release = options.release ?? releaseFor(options.gpu ? 'gpu' : 'cpu');
  const final = managedFolder(release.variant, env);
  const present = managedLibrary(final);
  if (present) return present;
  const root = managedRoot(env);
  makeCacheFolder(root);
  await removeLeftovers(root);
  await requireSpace(root, release);
  const work = join(root, `.installing-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(work);
    const staged = join(work, 'library');
    await stage(release, staged, work, options, env);
    signal?.throwIfAborted();
    const library = managedLibrary(staged);
    if (!library)
      throw new InstallError(
        localize('The wheel does not contain the two libraries of TensorFlow.'),
      );
    options.onProgress?.({ phase: 'testing', item: 'TensorFlow', done: 0, total: 1 });
    await (options.test ?? selfTest)(library);
    signal?.throwIfAborted();
    await moveIntoPlace(staged, final);
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC')
      throw new InstallError(localize('The disk of {0} is full; nothing was installed.', root), {
        hint: localize('Free some space, or set NLVR_CACHE_DIR to a folder on a larger disk.'),
        cause: error,
      });
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const library = managedLibrary(final);
  if (!library)
    throw new InstallError(localize('{0} is incomplete. Remove it and install it again.', final));
  return library;
}

/** Deletes all managed copies. @returns whether there was one */
export async function removeManaged(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (findCacheFolder(env) === undefined) return false;
  const root = managedRoot(env);
  const existed = existsSync(root);
  await rm(root, { recursive: true, force: true });
  return existed;
}

/** Downloads and unpacks every wheel of the release into `staged`. */
async function stage(
  release: Release,
  staged: string,
  work: string,
  { wheels: files = [], onProgress, signal }: InstallOptions,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const local = await matchFiles(release, files, signal);
  const total = downloadBytes(release);
  let downloaded = 0;
  let unpacked = 0;
  let pip: readonly string[] | undefined;
  for (const wheel of release.wheels) {
    signal?.throwIfAborted();
    const report = (phase: InstallProgress['phase'], done: number, of: number): void =>
      onProgress?.({ phase, item: wheel.project, done: Math.min(done, of), total: of });
    const folder = join(work, wheel.project);
    let file = local.get(wheel);
    if (!file) {
      pip ??= await findPip(env);
      const before = downloaded;
      file = await downloadWheel(wheel, folder, {
        pip,
        env,
        signal,
        onBytes: (bytes) => report('downloading', before + bytes, total),
      });
      report('verifying', 0, 1);
      const sha256 = await sha256Of(file, signal);
      if (sha256 !== wheel.sha256)
        throw new InstallError(
          localize(
            '{0} differs from the published file: its SHA-256 is {1}, expected {2}.',
            basename(file),
            sha256,
            wheel.sha256,
          ),
          {
            hint: localize(
              'The download is damaged, or the package index served another file. Try again.',
            ),
          },
        );
    }
    downloaded += wheel.bytes;
    let reported = 0;
    const onBytes = (bytes: number): void => {
      unpacked += bytes;
      if (Date.now() - reported < REPORT_MS) return;
      reported = Date.now();
      report('unpacking', unpacked, release.unpackedBytes);
    };
    await unpack(file, wheel.take, staged, onBytes, signal);
    report('unpacking', unpacked, release.unpackedBytes);
    // Each wheel is removed after unpacking: those of the GPU build take 3 GB.
    await rm(folder, { recursive: true, force: true });
  }
  const manifest = {
    version: release.version,
    variant: release.variant,
    wheels: release.wheels.map(({ project, version, sha256 }) => ({ project, version, sha256 })),
  };
  await writeFile(join(staged, 'install.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Matches the given files with the pinned wheels by their hashes. */
async function matchFiles(
  release: Release,
  files: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<Wheel, string>> {
  const matched = new Map<Wheel, string>();
  for (const file of files) {
    if (!existsSync(file)) throw new InstallError(localize('{0} does not exist.', file));
    const sha256 = await sha256Of(file, signal);
    const wheel = release.wheels.find((candidate) => candidate.sha256 === sha256);
    if (!wheel)
      throw new InstallError(
        localize('{0} is not a wheel of this release: its SHA-256 is {1}.', file, sha256),
        {
          hint: localize(
            'Required: {0}.',
            release.wheels.map((w) =>
              localize(
                '{0} {1} for {2} (SHA-256 {3})',
                w.project,
                w.version,
                w.platforms[0] ?? '',
                w.sha256,
              ),
            ),
          ),
        },
      );
    matched.set(wheel, file);
  }
  return matched;
}

async function moveIntoPlace(staged: string, final: string): Promise<void> {
  try {
    await rename(staged, final);
  } catch (error) {
    // Another install was faster, and its copy is used. A folder without the libraries is replaced.
    if (managedLibrary(final)) return;
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    await rm(final, { recursive: true, force: true });
    await rename(staged, final);
  }
}

/** Removes the work folders of installs that were killed. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^\.installing-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

async function requireSpace(root: string, release: Release): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const largest = Math.max(...release.wheels.map((wheel) => wheel.bytes));
  // pip writes a wheel twice: to its temporary folder, and to the destination.
  const needed = release.unpackedBytes + 2 * largest;
  if (bavail * bsize < needed)
    throw new InstallError(
      localize(
        '{0} has {1} free; the install needs {2}.',
        root,
        formatBytes(bavail * bsize),
        formatBytes(needed),
      ),
      { hint: localize('Free some space, or set NLVR_CACHE_DIR to a folder on a larger disk.') },
    );
}

function downloadBytes(release: Release): number {
  return release.wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
}
