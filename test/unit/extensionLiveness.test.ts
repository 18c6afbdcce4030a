import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  findProcessStart,
  batched,
  processStartTime,
  startsFromPs,
  parsePsOutput,
} from '../../src/run/record/processStart';
import { heartbeatAge, findLiveness, livenessOf, currentScope } from '../../src/run/record/owner';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a process whose name contains the delimiters of /proc. */
async function spawnSleepingProcess(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, [
    '-e',
    'process.title = "odd ) name ("; setInterval(() => {}, 1000); console.log("up")',
  ]);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

const ended = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('exit', resolve));

const owner = (pid: number, more: object = {}) => ({
  ...currentScope(),
  pid,
  processStart: processStartTime(pid),
  ...more,
});

describe('processStartTime', () => {
  it('is constant for a process, and differs from that of another', async () => {
    const child = await spawnSleepingProcess();
    const start = processStartTime(child.pid);
    expect(start).toMatch(/^\d+$/);
    expect(processStartTime(child.pid)).toBe(start);
    expect(processStartTime(process.pid)).not.toBe(start);
  });

  it('is null for a process that ended and for an invalid process ID', async () => {
    const child = await spawnSleepingProcess();
    child.kill('SIGKILL');
    await ended(child);
    expect(processStartTime(child.pid)).toBeNull();
    expect(processStartTime(0)).toBeNull();
    expect(processStartTime(-1)).toBeNull();
    expect(processStartTime(Number.NaN)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('is null for a zombie', async () => {
    // After `exec sleep`, the process never waits for the child that it started before.
    const parent = spawn('sh', ['-c', 'exec 3<&0; sh -c "read line <&3" & echo $!; exec sleep 30']);
    children.push(parent);
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    const name = (): string => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim();
    await expect.poll(name, { timeout: 20_000 }).toBe('sleep');
    parent.stdin.end('\n');
    await expect.poll(() => processStartTime(pid), { timeout: 20_000 }).toBeNull();
    process.kill(pid, 0); // The zombie still has its process ID, so this does not throw.
  });
});

describe('start times for the editor', () => {
  it('are those of the trainer', async () => {
    const child = await spawnSleepingProcess();
    expect(await findProcessStart(child.pid)).toBe(processStartTime(child.pid));
    child.kill('SIGKILL');
    await ended(child);
    expect(await findProcessStart(child.pid)).toBeNull();
    expect(await findProcessStart(0)).toBeNull();
  });

  it('are read in one batch, each once', async () => {
    const asked: (readonly number[])[] = [];
    const startOf = batched((pids) => {
      asked.push(pids);
      return Promise.resolve(new Map([[7, '70']]));
    });
    expect(await Promise.all([7, 8, 7, -1].map(startOf))).toEqual(['70', null, '70', null]);
    expect(asked).toEqual([[7, 8]]);
    expect(await startOf(8)).toBeNull();
    expect(asked).toHaveLength(2);
  });

  it('are read from one listing, without zombies', () => {
    const listing = [
      '  501 Ss   Tue Nov 25 20:47:01 2025',
      '78123 Z+   Tue Nov 25 20:47:02 2025  ',
      '78124 R    Sat Nov  1 00:00:03 2025',
    ].join('\n');
    expect([...parsePsOutput(listing)]).toEqual([
      [501, String(Date.parse('2025-11-25T20:47:01'))],
      [78124, String(Date.parse('2025-11-01T00:00:03'))],
    ]);
    expect(parsePsOutput('').size).toBe(0);
  });

  it.runIf(existsSync('/bin/ps'))(
    'of several processes come from one ps, also when some have ended',
    async () => {
      const [one, two] = [await spawnSleepingProcess(), await spawnSleepingProcess()];
      two.kill('SIGKILL');
      await ended(two);
      const starts = await startsFromPs([one.pid, two.pid]);
      expect([...starts.keys()]).toEqual([one.pid]);
      expect((await startsFromPs([two.pid])).size).toBe(0);
    },
  );
});

describe('findLiveness', () => {
  it('finds a running process whatever its heartbeat', async () => {
    const child = await spawnSleepingProcess();
    for (const age of [0, 3600]) {
      expect(livenessOf(owner(child.pid), age)).toBe('alive');
      expect(await findLiveness(owner(child.pid), age)).toBe('alive');
    }
  });

  it('recognizes a reused process ID', async () => {
    const child = await spawnSleepingProcess();
    expect(livenessOf(owner(child.pid, { processStart: '1' }), 0)).toBe('dead');
  });

  it('finds that a killed process has ended although its heartbeat is recent', async () => {
    const child = await spawnSleepingProcess();
    const before = owner(child.pid);
    child.kill('SIGKILL');
    await ended(child);
    expect(livenessOf(before, 0)).toBe('dead');
    expect(await findLiveness(before, 0)).toBe('dead');
  });

  it.each([
    ['another host', { host: 'another-machine', boot: 'another' }],
    ['another pid namespace of this host', { pidNamespace: 'pid:[1]' }],
    ['an earlier boot', { boot: 'earlier' }],
    ['a system that says too little', { processStart: null }],
  ])('uses the heartbeat in %s', async (_where, more) => {
    const child = await spawnSleepingProcess();
    const remote = owner(child.pid, more);
    expect(livenessOf(remote, 29)).toBe('remote');
    expect(livenessOf(remote, 31)).toBe('stale');
    expect(livenessOf(remote, heartbeatAge('never'))).toBe('stale');
    expect(await findLiveness(remote, 31)).toBe('stale');
  });

  it('compares a heartbeat with the current time in both directions', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    expect(heartbeatAge('2026-01-01T11:59:50Z', now)).toBe(10);
    expect(heartbeatAge('2026-01-01T12:01:00Z', now)).toBe(60);
  });
});
