import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processStartTime } from '../../src/run/record/processStart';
import { RunFolder } from '../../src/run/runFolder';
import { currentScope, currentOwner } from '../../src/run/record/owner';
import {
  acquireLock,
  tryAcquireLock,
  type HeldLock,
  type LockWait,
} from '../../src/run/record/runLock';
import { RunWriter, type RunStart } from '../../src/run/record/runWriter';

let folder: RunFolder;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = new RunFolder(mkdtempSync(join(tmpdir(), 'nlvr-lock-')));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder.root, { recursive: true, force: true });
});

/** A process that simulates another trainer that holds the folder. */
async function otherTrainer(more: object = {}): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const { pid } = child as ChildProcess & { pid: number };
  const owner = { ...currentScope(), pid, processStart: processStartTime(pid), ...more };
  writeFileSync(folder.lock, JSON.stringify(owner));
  return child as ChildProcess & { pid: number };
}

const start = (mode: RunStart['mode']): RunStart => ({
  root: folder.root,
  kind: 'train',
  configFile: join(folder.root, 'nlvr.yaml'),
  configHash: 'x',
  configText: 'seed: 42\n',
  version: '0.1.0',
  mode,
});

describe('the lock of a run folder', () => {
  it('refuses a second trainer in every mode with a message, and does not change the run', async () => {
    const { pid } = await otherTrainer();
    writeFileSync(folder.runJson, '{"name": "calm-fox-1"}');
    for (const mode of ['new', 'resume', 'overwrite', 'again'] as const)
      expect(() => RunWriter.open(start(mode)), mode).toThrow(
        `A run is being written to ${folder.root} (process ${pid} on ${hostname()}). It was not changed.`,
      );
    expect(readFileSync(folder.runJson, 'utf8')).toBe('{"name": "calm-fox-1"}');
    expect(existsSync(folder.config)).toBe(false);
    expect(JSON.parse(readFileSync(folder.lock, 'utf8'))).toMatchObject({ pid });
  });

  it('is taken over from a trainer that has ended, or whose pid was reused', async () => {
    const child = await otherTrainer();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    tryAcquireLock(folder).release();
    await otherTrainer({ processStart: '1' });
    tryAcquireLock(folder).release();
    expect(existsSync(folder.lock)).toBe(false);
  });

  it('is released when the run ends, and when it cannot start', () => {
    const writer = RunWriter.open(start('new'));
    expect(existsSync(folder.lock)).toBe(true);
    writer.close('finished');
    expect(existsSync(folder.lock)).toBe(false);
    expect(() => RunWriter.open(start('new'))).toThrow(/already contains a run/);
    expect(existsSync(folder.lock)).toBe(false);
  });
});

/** Owners that cannot be looked up, each with the pid of a process that is running on this machine. */
const unseen: Record<string, object> = {
  'another host': { host: 'elsewhere', boot: 'another', pid: process.ppid },
  'another container of this host, with its network': { pidNamespace: 'pid:[1]' },
  'another container, where it has our pid': { pidNamespace: 'pid:[1]', pid: process.pid },
  'an older version': { boot: undefined, pidNamespace: undefined, host: 'elsewhere' },
};

describe('the lock of an owner that cannot be looked up', () => {
  const seconds = (ago: number): string => new Date(Date.now() - ago * 1000).toISOString();
  function lockOf(more: object, heartbeat = seconds(0)): void {
    const owner = { ...currentOwner(), pid: process.ppid, token: 'theirs', ...more, heartbeat };
    writeFileSync(folder.lock, JSON.stringify(owner));
  }
  const held = (lock: HeldLock): boolean => {
    lock.requireHeld();
    const { token } = JSON.parse(readFileSync(folder.lock, 'utf8')) as { token: string };
    lock.release();
    return token !== 'theirs';
  };

  it.each(Object.entries(unseen))('of %s is held while its heartbeat is recent', (_who, more) => {
    lockOf(more);
    expect(() => tryAcquireLock(folder)).toThrow(
      /belongs to process \d+ on \S+, whose last heartbeat was/,
    );
    expect(() => tryAcquireLock(folder)).toThrow(
      expect.objectContaining({
        takeable: true,
        hint: expect.stringContaining(`--take_over. The lock is ${folder.lock}`) as string,
      }) as Error,
    );
    expect(readFileSync(folder.lock, 'utf8')).toContain('theirs');
  });

  it('is taken over when its heartbeat stays stale, after the announced time', async () => {
    lockOf({ host: 'elsewhere', boot: 'another' }, seconds(86_400));
    const waits: LockWait[] = [];
    const lock = await acquireLock(folder, {
      watchSeconds: 0.3,
      onWait: (wait) => waits.push(wait),
    });
    expect(held(lock)).toBe(true);
    expect(waits).toEqual([
      {
        owner: expect.objectContaining({ host: 'elsewhere' }) as object,
        heartbeatAge: 86_400,
        seconds: 1,
      },
    ]);
  });

  it('is not taken over if its heartbeat is renewed while it is watched, regardless of its clock', async () => {
    const otherHost = { host: 'elsewhere', boot: 'another' };
    lockOf(otherHost, seconds(86_400));
    const acquiring = acquireLock(folder, {
      watchSeconds: 60,
      onWait: () => lockOf(otherHost, seconds(86_395)),
    });
    await expect(acquiring).rejects.toThrow(/belongs to process/);
    expect(readFileSync(folder.lock, 'utf8')).toContain('theirs');
  });

  it('is acquired as soon as it is released, and waiting for it can be aborted', async () => {
    lockOf({ host: 'elsewhere' });
    const lock = await acquireLock(folder, { onWait: () => rmSync(folder.lock) });
    expect(held(lock)).toBe(true);
    lockOf({ host: 'elsewhere', boot: 'another' });
    const stop = new AbortController();
    const waiting = acquireLock(folder, { signal: stop.signal, onWait: () => stop.abort() });
    await expect(waiting).rejects.toThrow(/abort/);
  });

  it('is acquired immediately with --take_over, unless its process is running on this machine', async () => {
    lockOf({ host: 'elsewhere', boot: 'another' });
    expect(held(await acquireLock(folder, { takeOver: true }))).toBe(true);
    lockOf({ processStart: processStartTime(process.ppid) });
    await expect(acquireLock(folder, { takeOver: true })).rejects.toThrow(
      /A run is being written to/,
    );
  });

  it('that was taken over is detected by its previous owner, which stops writing', () => {
    const writer = RunWriter.open(start('new'));
    writer.update({ state: 'running' });
    const before = readFileSync(folder.runJson, 'utf8');
    const lock = (writer as unknown as { lock: HeldLock }).lock;
    lock.renew();
    lockOf({ host: 'elsewhere', boot: 'another' });
    lock.renew();
    expect(() => writer.update({ step: 7 })).toThrow(/taken over by process \d+ on elsewhere/);
    writer.close('failed', 'taken over');
    expect(readFileSync(folder.runJson, 'utf8')).toBe(before);
    expect(readFileSync(folder.lock, 'utf8')).toContain('theirs');
  });

  it('is renewed in place, and created again after it was deleted manually', () => {
    const lock = tryAcquireLock(folder);
    const heartbeat = (): string =>
      (JSON.parse(readFileSync(folder.lock, 'utf8')) as { heartbeat: string }).heartbeat;
    const first = heartbeat();
    while (new Date().toISOString() === first);
    lock.renew();
    expect(heartbeat() > first).toBe(true);
    rmSync(folder.lock);
    lock.renew();
    expect(existsSync(folder.lock)).toBe(true);
    lock.release();
    expect(existsSync(folder.lock)).toBe(false);
  });
});
