import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { isLive, livenessOf, processStartTime } from '../../src/run/liveness';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A real process, with a name that holds what /proc puts around names. */
async function sleeper(): Promise<ChildProcess & { pid: number }> {
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

const now = Date.parse('2026-01-01T12:00:00Z');
const owner = (pid: number, more: object = {}) => ({
  pid,
  processStart: processStartTime(pid),
  host: hostname(),
  heartbeat: new Date(now - 2000).toISOString(),
  ...more,
});

describe('processStartTime', () => {
  it('is the same each time for a process, and differs from that of another', async () => {
    const child = await sleeper();
    const start = processStartTime(child.pid);
    expect(start).toMatch(/^\d+$/);
    expect(processStartTime(child.pid)).toBe(start);
    expect(processStartTime(process.pid)).not.toBe(start);
  });

  it('is null for a process that ended and for what is no pid', async () => {
    const child = await sleeper();
    child.kill('SIGKILL');
    await ended(child);
    expect(processStartTime(child.pid)).toBeNull();
    expect(processStartTime(0)).toBeNull();
    expect(processStartTime(-1)).toBeNull();
    expect(processStartTime(Number.NaN)).toBeNull();
  });

  it.runIf(process.platform === 'linux')('is null for a zombie', async () => {
    // A shell that has become `sleep` never waits for the child it started before.
    const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 30']);
    children.push(parent);
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    await expect.poll(() => processStartTime(pid), { timeout: 20_000 }).toBeNull();
    process.kill(pid, 0); // The zombie still has its pid: this does not throw.
  });
});

describe('livenessOf', () => {
  it('knows a living process whatever its heartbeat says', async () => {
    const child = await sleeper();
    expect(livenessOf(owner(child.pid), now)).toBe('alive');
    const old = new Date(now - 3_600_000).toISOString();
    expect(livenessOf(owner(child.pid, { heartbeat: old }), now)).toBe('alive');
  });

  it('is not taken in by a pid that was given to another process', async () => {
    const child = await sleeper();
    expect(livenessOf(owner(child.pid, { processStart: '1' }), now)).toBe('gone');
  });

  it('sees that a killed process is gone although its heartbeat is fresh', async () => {
    const child = await sleeper();
    const before = owner(child.pid);
    child.kill('SIGKILL');
    await ended(child);
    expect(livenessOf(before, now)).toBe('gone');
  });

  it('goes by the heartbeat on another host', () => {
    const there = owner(process.pid, { host: 'another-machine' });
    expect(livenessOf(there, now)).toBe('elsewhere');
    const silent = { ...there, heartbeat: new Date(now - 61_000).toISOString() };
    expect(livenessOf(silent, now)).toBe('lost');
    expect(livenessOf({ ...there, heartbeat: 'never' }, now)).toBe('lost');
  });

  it('counts a process without a known start time only while its heartbeat is fresh', async () => {
    const child = await sleeper();
    const unknown = owner(child.pid, { processStart: null });
    expect(livenessOf(unknown, now)).toBe('alive');
    const silent = { ...unknown, heartbeat: new Date(now - 61_000).toISOString() };
    expect(livenessOf(silent, now)).toBe('gone');
  });
});

describe('isLive', () => {
  it('needs a state that is not final', async () => {
    const child = await sleeper();
    expect(isLive({ ...owner(child.pid), state: 'running' }, now)).toBe(true);
    expect(isLive({ ...owner(child.pid), state: 'finished' }, now)).toBe(false);
  });
});
