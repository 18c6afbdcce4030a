import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveFile } from '../../src/extension/saveFile';

describe('saveFile', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nlvr-save-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const nowhere = () => Promise.reject(new Error('not in this test'));
  const place = () => ({ scheme: 'file', fsPath: join(folder, 'chart.png') });

  it('writes text and bytes, and replaces an existing file', async () => {
    await writeFile(place().fsPath, 'old and longer');
    await saveFile(place(), [Uint8Array.of(0x89, 0x50, 0)], nowhere);
    expect([...(await readFile(place().fsPath))]).toEqual([0x89, 0x50, 0]);
    await saveFile(place(), ['é', '', '日\n'], nowhere);
    expect(await readFile(place().fsPath, 'utf8')).toBe('é日\n');
    await saveFile(place(), [], nowhere);
    expect(await readFile(place().fsPath, 'utf8')).toBe('');
    expect(await readdir(folder)).toEqual(['chart.png']);
  });

  it('keeps the old file when it fails in the middle, and leaves no other file', async () => {
    await writeFile(place().fsPath, 'old');
    function* broken(): Generator<string> {
      yield 'new';
      throw new Error('no more');
    }
    await expect(saveFile(place(), broken(), nowhere)).rejects.toThrow('no more');
    expect(await readFile(place().fsPath, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['chart.png']);
  });

  it('uses the API of VS Code for other file systems', async () => {
    const written: [string, string][] = [];
    const target = { scheme: 'vscode-vfs', fsPath: join(folder, 'x.csv') };
    await saveFile(target, ['a,', Buffer.from('b')], ({ scheme }, content) => {
      written.push([scheme, Buffer.from(content).toString()]);
      return Promise.resolve();
    });
    expect(written).toEqual([['vscode-vfs', 'a,b']]);
    expect(await readdir(folder)).toEqual([]);
  });
});
