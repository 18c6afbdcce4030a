import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load';
import { RunFolder } from '../../src/run/runFolder';
import { StopController } from '../../src/run/record/stopController';
import { SINGLE_PROCESS } from '../../src/distributed/processGroup';
import { runTraining } from '../../src/train/main';
import { stopOnSignals } from '../../src/util/signals';

let folder: RunFolder;
const controllers: StopController[] = [];
beforeEach(() => {
  folder = new RunFolder(mkdtempSync(join(tmpdir(), 'nlvr-stop-')));
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const each of controllers.splice(0)) each.dispose();
  rmSync(folder.root, { recursive: true, force: true });
});

function controller(onRequest?: () => void): StopController {
  const stopController = new StopController(folder, onRequest);
  controllers.push(stopController);
  return stopController;
}

/** A request that an earlier trainer never read. */
function leaveOldRequest(): void {
  writeFileSync(folder.stopRequest, '');
  const yesterday = new Date(Date.now() - 86_400_000);
  utimesSync(folder.stopRequest, yesterday, yesterday);
}

describe('StopController', () => {
  it('accepts a request that was made before it was created, during startup', () => {
    writeFileSync(folder.stopRequest, '');
    let calls = 0;
    const stop = controller(() => calls++);
    expect([stop.requested, stop.signal.aborted, calls]).toEqual([true, true, 1]);
    stop.takeOwnership();
    expect(existsSync(folder.stopRequest)).toBe(true);
    stop.dispose();
    expect(existsSync(folder.stopRequest)).toBe(false);
  });

  it('ignores a request that is older than the process, and removes it when it owns the folder', async () => {
    leaveOldRequest();
    const stop = controller();
    expect(stop.requested).toBe(false);
    expect(existsSync(folder.stopRequest)).toBe(true);
    stop.takeOwnership();
    expect(existsSync(folder.stopRequest)).toBe(false);
    writeFileSync(folder.stopRequest, '');
    await expect.poll(() => stop.requested, { timeout: 20_000 }).toBe(true);
  });

  it('accepts a new request after an old one, also in a folder that is created later', async () => {
    leaveOldRequest();
    const over = controller();
    writeFileSync(folder.stopRequest, 'again');
    await expect.poll(() => over.requested, { timeout: 20_000 }).toBe(true);
    rmSync(folder.root, { recursive: true });
    const late = controller();
    mkdirSync(folder.root);
    writeFileSync(folder.stopRequest, '');
    await expect.poll(() => late.requested, { timeout: 20_000 }).toBe(true);
  });

  it('does not remove the request in a folder that another trainer owns', () => {
    writeFileSync(folder.stopRequest, '');
    writeFileSync(folder.lock, '{}');
    controller().dispose();
    expect(existsSync(folder.stopRequest)).toBe(true);
  });
});

describe('signals', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)('%s asks to stop', (signal) => {
    const stop = controller();
    process.emit(signal, signal);
    expect(stop.requested).toBe(true);
  });

  it('a second request ends the process immediately, except for duplicates and SIGHUP', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const abort = new AbortController();
    const dispose = stopOnSignals(abort, { hasTerminal: true });
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGTERM', 'SIGTERM');
    now.mockReturnValue(10_000);
    process.emit('SIGHUP', 'SIGHUP');
    expect([abort.signal.aborted, exit.mock.calls]).toEqual([true, []]);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
    dispose();
  });

  it('SIGHUP stops the run only if there was a terminal', () => {
    for (const hasTerminal of [true, false]) {
      const abort = new AbortController();
      const dispose = stopOnSignals(abort, { hasTerminal });
      process.emit('SIGHUP', 'SIGHUP');
      expect(abort.signal.aborted).toBe(hasTerminal);
      dispose();
    }
  });

  it('SIGUSR1 and SIGUSR2 request one save each, not a stop', () => {
    let saveRequests = 0;
    const stopController = new StopController(folder, undefined, () => saveRequests++);
    controllers.push(stopController);
    process.emit('SIGUSR1', 'SIGUSR1');
    expect([stopController.takeSaveRequest(), stopController.takeSaveRequest()]).toEqual([
      true,
      false,
    ]);
    process.emit('SIGUSR2', 'SIGUSR2');
    expect([stopController.takeSaveRequest(), stopController.requested, saveRequests]).toEqual([
      true,
      false,
      2,
    ]);
  });
});

describe('runTraining', () => {
  const request = (file: string, mode: 'new' | 'resume') => ({
    loaded: loadConfig(file),
    // The runtime is not used before the run starts.
    group: SINGLE_PROCESS,
    library: {} as Parameters<typeof runTraining>[0]['library'],
    mode,
    observe: () => undefined,
  });

  it('stops if a stop was requested before the run started: nothing is written, and the request is removed', async () => {
    const file = join(folder.root, 'nlvr.yaml');
    const run = new RunFolder(join(folder.root, 'run'));
    writeFileSync(file, 'image_root: .\nann_root: .\noutput_dir: run\n');
    mkdirSync(run.root);
    writeFileSync(run.stopRequest, '');
    expect(await runTraining(request(file, 'new'))).toBeUndefined();
    expect(existsSync(run.runJson)).toBe(false);
    expect(existsSync(run.stopRequest)).toBe(false);
  });

  it('stops a resume before it starts, and does not change the run', async () => {
    const file = join(folder.root, 'nlvr.yaml');
    const run = new RunFolder(join(folder.root, 'run'));
    writeFileSync(file, 'image_root: .\nann_root: .\noutput_dir: run\n');
    mkdirSync(run.last, { recursive: true });
    writeFileSync(run.stopRequest, '');
    expect(await runTraining(request(file, 'resume'))).toBeUndefined();
    expect(existsSync(run.runJson)).toBe(false);
    expect(existsSync(run.last)).toBe(true);
  });
});
