import type * as syncFs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { annotatedSplits } from '../../src/extension/annotatedSplits';
import { fingerprintOf } from '../../src/extension/dataset/checkedState';
import { imageProblem } from '../../src/run/runImages';
import type { MessageText } from '../../src/util/localize';
import { claimRunFolder } from '../../src/extension/trainer/newRunFolder';
import { requestStop } from '../../src/extension/trainer/stop';
import { openEvents } from '../../src/run/read/eventSource';
import { headerOf } from '../../src/extension/dashboard/header';
import { FolderRunRegistry } from '../../src/extension/runs/folderRegistry';
import { runFlags } from '../../src/extension/runs/runText';
import { migrateRunInfo } from '../../src/run/read/migrate';
import { runJsonText } from '../../src/run/read/runFormat';

/** File system calls with a path below the folder of the runs, while `watched`. */
const calls = vi.hoisted(() => ({ root: '', sync: [] as string[], async: 0, delayMs: 0 }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof syncFs>();
  const wrapped = Object.entries(real).map(([name, value]) => [
    name,
    typeof value === 'function' && (name.endsWith('Sync') || name === 'existsSync')
      ? (...args: unknown[]) => {
          if (calls.root !== '' && String(args[0]).startsWith(calls.root))
            calls.sync.push(`${name} ${String(args[0])}`);
          return (value as (...all: unknown[]) => unknown)(...args);
        }
      : value,
  ]);
  return Object.fromEntries(wrapped) as typeof syncFs;
});
vi.mock('node:fs/promises', async (original) => {
  const real = await original<Record<string, unknown>>();
  const wrapped = Object.entries(real).map(([name, value]) => [
    name,
    typeof value === 'function'
      ? async (...args: unknown[]) => {
          if (calls.root !== '' && String(args[0]).startsWith(calls.root)) {
            calls.async++;
            await sleep(calls.delayMs);
          }
          return (value as (...all: unknown[]) => unknown)(...args);
        }
      : value,
  ]);
  return Object.fromEntries(wrapped) as typeof real;
});

const RUNS = 500;
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-slow-'));
  const info = migrateRunInfo({ state: 'finished', kind: 'train' }, root);
  for (let i = 0; i < RUNS; i++) {
    await mkdir(join(root, `run-${i}`));
    await writeFile(join(root, `run-${i}`, 'run.json'), runJsonText({ ...info, name: `run-${i}` }));
  }
});
afterEach(() => {
  calls.root = '';
  rmSync(root, { recursive: true });
});

it('500 runs on a slow disk: no call blocks, and an update reads nothing again', async () => {
  Object.assign(calls, { root, sync: [], async: 0, delayMs: 5 });
  const registry = new FolderRunRegistry(() => undefined);
  const folders = Array.from({ length: RUNS }, (_, i) => join(root, `run-${i}`));
  await Promise.all(folders.map((folder) => registry.refresh(folder)));
  expect(registry.runs).toHaveLength(RUNS);
  for (const run of registry.runs) {
    runFlags(run, { forgettable: false });
    headerOf(run, undefined);
  }
  expect(calls.sync).toEqual([]);
  calls.async = 0;
  await Promise.all(folders.map((folder) => registry.refreshIfChanged(folder)));
  // The times of three files.
  expect(calls.async).toBe(3 * RUNS);
  registry.dispose();
});

it('a configuration, a dashboard, an image, a start and a stop on a slow disk: no call blocks', async () => {
  await writeFile(join(root, 'nlvr.yaml'), 'image_root: images\nann_root: .\n');
  await mkdir(join(root, 'images'));
  await writeFile(join(root, 'images', 'a.png'), '');
  Object.assign(calls, { root, sync: [], async: 0, delayMs: 5 });
  const run = join(root, 'run-0');
  await fingerprintOf(join(root, 'nlvr.yaml'));
  const source = openEvents(run, 'evaluate');
  await source.read();
  await source.sourceFolder?.();
  const images = join(root, 'images');
  const words = (image: string): Promise<MessageText | null> =>
    imageProblem(images, join(images, image), () => Promise.resolve(true));
  expect([await words('a.png'), await words('b.png')]).toEqual([
    null,
    expect.objectContaining({ text: 'The file is missing.' }),
  ]);
  const claimed = await claimRunFolder(run, () => false);
  expect(claimed.folder).toBe(`${run}-2`);
  await requestStop(claimed.folder);
  await annotatedSplits({ val: join(root, 'val.json') });
  expect(calls.sync).toEqual([]);
  expect(calls.async).toBeGreaterThan(10);
});
