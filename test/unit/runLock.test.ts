import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processStartTime } from '../../src/run/liveness';
import { RunFolder } from '../../src/run/runFolder';
import { acquireLock } from '../../src/run/runLock';
import { RunWriter, type RunStart } from '../../src/run/runWriter';

let folder: RunFolder;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = new RunFolder(mkdtempSync(join(tmpdir(), 'nlvr-lock-')));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder.root, { recursive: true, force: true });
});

/** A process that stands for another trainer, which holds the folder. */
async function otherTrainer(more: object = {}): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const { pid } = child as ChildProcess & { pid: number };
  const owner = { pid, processStart: processStartTime(pid), host: hostname(), ...more };
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
  it('refuses a second trainer in words, whatever it wants, and leaves the run as it is', async () => {
    const { pid } = await otherTrainer();
    writeFileSync(folder.runJson, '{"name": "calm-fox-1"}');
    for (const mode of ['new', 'resume', 'overwrite', 'again'] as const)
      expect(() => RunWriter.open(start(mode)), mode).toThrow(
        `A run is being written to ${folder.root} right now (process ${pid} on ${hostname()}); it was not touched.`,
      );
    expect(readFileSync(folder.runJson, 'utf8')).toBe('{"name": "calm-fox-1"}');
    expect(existsSync(folder.config)).toBe(false);
    expect(JSON.parse(readFileSync(folder.lock, 'utf8'))).toMatchObject({ pid });
  });

  it('is taken over from a trainer that is gone, or whose pid is another process now', async () => {
    const child = await otherTrainer();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    acquireLock(folder)();
    await otherTrainer({ processStart: '1' });
    acquireLock(folder)();
    expect(existsSync(folder.lock)).toBe(false);
  });

  it('of another machine counts until it is removed', async () => {
    await otherTrainer({ host: 'elsewhere' });
    expect(() => acquireLock(folder)).toThrow(/on elsewhere\)/);
  });

  it('is given back when the run ends, and when it could not begin', () => {
    const writer = RunWriter.open(start('new'));
    expect(existsSync(folder.lock)).toBe(true);
    writer.close('finished');
    expect(existsSync(folder.lock)).toBe(false);
    expect(() => RunWriter.open(start('new'))).toThrow(/already holds a run/);
    expect(existsSync(folder.lock)).toBe(false);
  });
});
