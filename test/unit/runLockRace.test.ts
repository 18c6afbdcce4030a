/** Simulates two processes that acquire the lock of a run folder at the same time. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processStartTime } from '../../src/run/record/processStart';
import { currentScope } from '../../src/run/record/owner';
import { RunFolder } from '../../src/run/runFolder';
import { tryAcquireLock } from '../../src/run/record/runLock';

/** Called after a file was read, to simulate another process that runs at that moment. */
let afterRead: ((file: string) => void) | undefined;
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    readFileSync: (...args: Parameters<typeof real.readFileSync>) => {
      const content = real.readFileSync(...args);
      afterRead?.(args[0] as string);
      return content;
    },
  };
});

let folder: RunFolder;
beforeEach(() => (folder = new RunFolder(mkdtempSync(join(tmpdir(), 'nlvr-test-')))));
afterEach(() => {
  afterRead = undefined;
  rmSync(folder.root, { recursive: true, force: true });
});

const owner = (pid: number, processStart: string | null): string =>
  JSON.stringify({ ...currentScope(), pid, processStart, token: String(Math.random()) });
/** A process that runs as long as this test: its parent. */
const lockOfRunning = (): string => owner(process.ppid, processStartTime(process.ppid));
const lockOfEnded = (): string => owner(2 ** 30, '1');

test('of an ended process is taken over completely', () => {
  writeFileSync(folder.lock, lockOfEnded());
  const lock = tryAcquireLock(folder);
  expect(readdirSync(folder.root)).toEqual(['run.lock']);
  lock.release();
});

test('a stale lock that another process took over in the meantime is not changed', () => {
  writeFileSync(folder.lock, lockOfEnded());
  const otherLock = lockOfRunning();
  afterRead = (file) => {
    if (file !== folder.lock) return;
    afterRead = undefined;
    rmSync(folder.lock);
    writeFileSync(folder.lock, otherLock);
  };
  expect(() => tryAcquireLock(folder)).toThrow(/A run is being written/);
  expect(readFileSync(folder.lock, 'utf8')).toBe(otherLock);
});

test('only one process at a time removes a stale lock; the next one after it has ended', () => {
  const stale = lockOfEnded();
  writeFileSync(folder.lock, stale);
  tryAcquireLock(folder).release();
  const removalLocks: string[] = [];
  // The removal lock of that process, now held by a running process.
  afterRead = () => {
    for (const name of readdirSync(folder.root))
      if (name.startsWith('.run.lock.') && !name.endsWith('.tmp')) removalLocks.push(name);
  };
  writeFileSync(folder.lock, stale);
  tryAcquireLock(folder).release();
  afterRead = undefined;
  const removalLock = join(folder.root, removalLocks[0]);
  writeFileSync(folder.lock, stale);
  writeFileSync(removalLock, lockOfRunning());
  expect(() => tryAcquireLock(folder)).toThrow(/A run is being written/);
  expect(readFileSync(folder.lock, 'utf8')).toBe(stale);
  writeFileSync(removalLock, lockOfEnded());
  tryAcquireLock(folder).release();
  expect(readdirSync(folder.root)).toEqual([]);
});

test('a lock that is being written does not count as stale; a damaged one does after a while', () => {
  writeFileSync(folder.lock, '{"pid": 1');
  expect(() => tryAcquireLock(folder)).toThrow(/A run is being written/);
  const minuteAgo = new Date(Date.now() - 60_000);
  utimesSync(folder.lock, minuteAgo, minuteAgo);
  tryAcquireLock(folder).release();
  expect(existsSync(folder.lock)).toBe(false);
});

test('releasing does not remove the lock of another process', () => {
  const lock = tryAcquireLock(folder);
  const otherLock = lockOfRunning();
  writeFileSync(folder.lock, otherLock);
  lock.release();
  expect(readFileSync(folder.lock, 'utf8')).toBe(otherLock);
});
