/** Checks that the records of a refused start are removed after its message was shown. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as refusedStarts from '../../src/extension/runs/refusedStarts';
import { closeAttempt, newAttempt, writeAttempt } from '../../src/run/record/attempts';
import { RunFolder } from '../../src/run/runFolder';
import { readRun } from '../../src/run/read/readRun';
import { removeRefusedStarts } from '../../src/run/record/refusedStarts';
import { loadWithVscode } from './fakeVscode';

let root: string;
let folder: RunFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-refused-'));
  folder = new RunFolder(join(root, 'output'));
  mkdirSync(folder.root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A start from the editor, which wrote to the log. */
function start(state?: 'refused' | 'stopped' | 'failed'): void {
  const asked = { kind: 'train', arguments: [], configFile: null, askedBy: 'editor' } as const;
  const file = writeAttempt(folder, newAttempt(asked));
  if (state) closeAttempt(file, { state, exitCode: 2, message: 'No GPU.', hint: 'Use the CPU.' });
  writeFileSync(folder.trainerLog, 'error: No GPU.\n');
}

describe('removeRefusedStarts', () => {
  it('removes the records and the log, and returns its content', async () => {
    start('refused');
    start('stopped');
    start('refused');
    expect((await readRun(folder.root))?.status).toBe('failed');
    expect(removeRefusedStarts(folder)).toBe('error: No GPU.');
    expect(existsSync(folder.root)).toBe(false);
  });

  it('keeps other files', async () => {
    start('refused');
    writeFileSync(join(folder.root, 'nlvr.yaml'), 'seed: 1\n');
    removeRefusedStarts(folder);
    expect(existsSync(folder.trainerLog)).toBe(false);
    expect(readFileSync(join(folder.root, 'nlvr.yaml'), 'utf8')).toBe('seed: 1\n');
    expect(await readRun(folder.root)).toBeUndefined();
  });

  it('keeps the log if other files of a run remain', () => {
    start('refused');
    writeFileSync(folder.best, '');
    removeRefusedStarts(folder);
    expect(existsSync(folder.attempts)).toBe(false);
    expect(existsSync(folder.trainerLog)).toBe(true);
  });

  it.each([
    ['a run', () => writeFileSync(folder.runJson, '{}')],
    ['a lock', () => writeFileSync(folder.lock, '{}')],
    ['a start that is under way', () => start()],
    ['a start that failed', () => start('failed')],
    ['a record that cannot be read', () => writeFileSync(unreadable(), '')],
  ])('does nothing if there is %s', (_what, make) => {
    start('refused');
    make();
    expect(removeRefusedStarts(folder)).toBeUndefined();
    expect(existsSync(folder.trainerLog)).toBe(true);
  });

  const unreadable = (): string => join(folder.attempts, '20990101000000000-abcdef.json');
});

describe('a run that never started, in the editor', () => {
  async function editor() {
    const { RefusedStarts } = await loadWithVscode<typeof refusedStarts>(
      'src/extension/runs/refusedStarts.ts',
      {},
    );
    const logged: string[] = [];
    const forgotten: string[] = [];
    const writeLog = (text: string): void => void logged.push(text);
    const readState = async () => {
      const read = await readRun(folder.root);
      return read && { folder: folder.root, ...read };
    };
    let now = await readState();
    const registry = { get: () => now, refresh: async () => void (now = await readState()) };
    const found = { forget: (each: string) => Promise.resolve(void forgotten.push(each)) };
    const log = { info: writeLog, warn: writeLog, error: writeLog };
    const refused = new RefusedStarts(registry as never, found as never, log as never);
    return { refused, run: now as never, logged, forgotten };
  }

  it('is removed when its message is closed; its log is copied to the output channel', async () => {
    start('refused');
    const { refused, run, logged, forgotten } = await editor();
    await refused.dismissed(run);
    expect(existsSync(folder.root)).toBe(false);
    expect(logged.join('\n')).toMatch(/No GPU\. Use the CPU\.[^]*trainer\.log[^]*error: No GPU\./);
    expect(forgotten).toEqual([folder.root]);
  });

  it('is kept if it was started again meanwhile', async () => {
    start('refused');
    const { refused, run } = await editor();
    start('refused');
    await refused.dismissed(run);
    expect(existsSync(folder.trainerLog)).toBe(true);
  });

  it('is not a run that failed after its start', async () => {
    start('failed');
    const { refused, run } = await editor();
    await refused.remove(run);
    expect(existsSync(folder.trainerLog)).toBe(true);
  });
});
