/** A disk that is full at any write, and a read-only disk. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nlvr, tinyProject, type Outcome } from '../integration/tinyProject';
import {
  addRow,
  expectSameRun,
  expectCompleteCheckpoints,
  isLong,
  randomized,
  resumeToEnd,
  stateOf,
  finishedRun,
  withFault,
} from './support';

const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'pipe' });
const mountSmallDisk = (folder: string): void =>
  mount('-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder);
const unmount = (folder: string): void => void execFileSync('umount', ['-l', folder]);

const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'nlvr-test-'));
  try {
    mountSmallDisk(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
})();

/** Files that the short form tests. */
const SHORT_FILES = ['log.txt'];

test.skipIf(!canMount)(
  'a disk that is full at any write is reported or tolerated, and the resumed run has identical results',
  async () => {
    const reference = await finishedRun();
    const project = await tinyProject(randomized);
    const disk = join(project.folder, 'disk');
    mkdirSync(disk);
    const run = join(disk, 'run');
    const train = ['train', '--config', project.config, '--output_dir', run];
    const writes = join(project.folder, 'writes');
    expect((await nlvr(train, { env: withFault({ count: writes, run }) })).code).toBe(0);
    rmSync(run, { recursive: true });
    const places = firstAndLast(readFileSync(writes, 'utf8').trim().split('\n'));
    const tested = isLong
      ? places.slice(
          Number(process.env.NLVR_FAULT_FROM ?? 0),
          Number(process.env.NLVR_FAULT_TO ?? 1e9),
        )
      : places.filter(({ file, nth }) => SHORT_FILES.includes(file) && nth === 0);
    expect(tested.length).toBeGreaterThan(0);
    const failures: string[] = [];
    for (const { file, nth } of tested) {
      mountSmallDisk(disk);
      try {
        // Files with heartbeats are written as often as there is time: in a faster run, an earlier write is the last.
        let write = nth;
        let outcome: Outcome;
        do {
          rmSync(run, { recursive: true, force: true });
          const fill = { file, nth: write };
          outcome = await nlvr(train, { env: withFault({ fill, run, disk }) });
        } while (!existsSync(join(disk, 'filler')) && write-- > 0);
        const { code, stderr } = outcome;
        // A failed write that is not a result, such as a heartbeat, does not end the run.
        if (code !== 0) {
          expect(code, stderr).toBe(2);
          expect(stderr).toMatch(/disk is full|free; the checkpoints/);
        }
        expect(existsSync(join(disk, 'filler'))).toBe(true);
        await expectCompleteCheckpoints(run);
        if (existsSync(run))
          expect(readdirSync(run).filter((name) => name.endsWith('.tmp'))).toEqual([]);
        rmSync(join(disk, 'filler'));
        await resumeToEnd(project.config, run);
        await expectSameRun(run, reference.run);
      } catch (error) {
        failures.push(`${file} (write ${nth}): ${(error as Error).message}`);
      } finally {
        unmount(disk);
      }
    }
    addRow(
      'disk full at the first and the last write of each file of the run folder',
      tested.length,
      tested.length - failures.length,
      'the steps since the last checkpoint',
    );
    expect(failures).toEqual([]);
  },
  3_600_000,
);

/** The first and the last write to each file, in order; `nth` counts the writes to this file. */
function firstAndLast(writes: readonly string[]): { file: string; nth: number }[] {
  const counts = new Map<string, number>();
  for (const file of writes) counts.set(file, (counts.get(file) ?? 0) + 1);
  return [...counts].flatMap(([file, count]) =>
    [...new Set([0, count - 1])].map((nth) => ({ file, nth })),
  );
}

test.skipIf(!canMount)(
  'a read-only folder is refused in one sentence, and its run can be evaluated into another folder',
  async () => {
    const project = await finishedRun();
    const disk = join(project.folder, 'disk');
    mkdirSync(disk);
    mountSmallDisk(disk);
    onTestFinished(() => unmount(disk));
    const run = join(disk, 'run');
    cpSync(project.run, run, { recursive: true });
    mount('-o', 'remount,ro', disk);
    for (const args of [
      ['train', '--config', project.config, '--output_dir', join(disk, 'new')],
      ['train', '--config', project.config, '--output_dir', run, '--overwrite'],
      ['train', '--output_dir', run, '--resume', '--set', 'max_epoch=3'],
    ]) {
      const { code, stderr } = await nlvr(args);
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(/cannot be written: permission denied/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    expect(stateOf(run)).toBe('finished');
    const to = join(project.folder, 'evaluated');
    const evaluated = await nlvr([
      ...['evaluate', '--config', project.config, '--checkpoint', run],
      ...['--output_dir', to, '--split', 'val'],
    ]);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    addRow('read-only run folder: new, --overwrite, --resume, evaluation of it', 4, 4, 'nothing');
  },
  300_000,
);
