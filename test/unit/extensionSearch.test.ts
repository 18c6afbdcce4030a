import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as folderRegistry from '../../src/extension/runs/folderRegistry';
import type * as workspaceConfigurations from '../../src/extension/workspaceConfigurations';
import type * as workspaceRuns from '../../src/extension/runs/workspaceRuns';
import { runJsonText } from '../../src/run/read/runFormat';
import { migrateRunInfo } from '../../src/run/read/migrate';
import { loadWithVscode, nothing } from './fakeVscode';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nlvr-search-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uri = (fsPath: string) => ({ fsPath, scheme: 'file', path: fsPath });

function makeRun(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  const info = migrateRunInfo({ name, state: 'finished', kind: 'train' }, folder);
  writeFileSync(join(folder, 'run.json'), runJsonText(info));
  return folder;
}

/** A window on these folders. @param runFolders the setting of each of them */
async function open(folders: string[], runFolders: Record<string, string[]> = {}) {
  const searches: [glob: string, exclude: string][] = [];
  let focus = (_: { focused: boolean }): void => undefined;
  writeFileSync(
    join(root, 'entry.ts'),
    ['runs/workspaceRuns', 'runs/folderRegistry', 'workspaceConfigurations']
      .map((each) => `export * from '${join(process.cwd(), 'src/extension', each)}';`)
      .join('\n'),
  );
  const modules = await loadWithVscode<
    typeof workspaceRuns & typeof folderRegistry & typeof workspaceConfigurations
  >(join(root, 'entry.ts'), {
    workspace: nothing({
      workspaceFolders: folders.map((folder) => ({ uri: uri(folder) })),
      textDocuments: [],
      findFiles: (glob: string, exclude: string) => {
        searches.push([glob, exclude]);
        return Promise.resolve([]);
      },
      getConfiguration: (section: string, scope?: { fsPath: string }) => ({
        get: () =>
          section === 'search'
            ? { '**/venv': true, '**/{cache,wandb}': true, '**/data/*': false }
            : (runFolders[scope?.fsPath ?? ''] ?? []),
      }),
    }),
    window: nothing({
      state: { focused: true },
      onDidChangeWindowState: (listener: typeof focus) => ((focus = listener), nothing()),
    }),
    commands: { executeCommand: () => Promise.resolve() },
  });
  const stored = new Map<string, unknown>();
  const memory = {
    get: (key: string, otherwise: unknown) => stored.get(key) ?? otherwise,
    update: (key: string, value: unknown) => Promise.resolve(void stored.set(key, value)),
  };
  const registry = new modules.FolderRunRegistry(() => undefined);
  const index = new modules.ConfigurationIndex();
  modules.useIndex(index);
  const runs = new modules.WorkspaceRuns(registry, index, memory as never, nothing() as never);
  const close = () => {
    runs.dispose();
    registry.dispose();
  };
  const names = () => registry.runs.map(({ info }) => info.name).sort();
  return { runs, searches, focus: () => focus({ focused: true }), close, names, stored };
}

describe('the workspace search', () => {
  it('does not run because of an unrelated YAML file, and runs once when it is needed', async () => {
    const { runs, searches, focus, close } = await open([root]);
    await runs.begin(false);
    focus();
    expect(searches).toEqual([]);
    // The view becomes visible.
    await runs.searchOnce();
    await runs.searchOnce();
    const globs = searches.map(([glob]) => glob);
    expect(globs).toEqual(['**/{nlvr.yaml,nlvr.yml,*.nlvr.yaml,*.nlvr.yml}', '**/run.json']);
    for (const [, exclude] of searches) {
      expect(exclude).toContain('**/venv,**/venv/**');
      expect(exclude).toContain('site-packages');
      // Alternatives are expanded: older versions of VS Code do not support nested braces.
      expect(exclude).toContain('**/cache,**/wandb,**/cache/**,**/wandb/**');
      expect(exclude?.lastIndexOf('{')).toBe(0);
      expect(exclude).not.toContain('data');
    }
    // Neither focus nor time causes a search; the command does.
    focus();
    focus();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(searches).toHaveLength(2);
    await runs.search();
    expect(searches).toHaveLength(4);
    close();
  });

  it('runs immediately if the folder contains a configuration, or one was found the last time', async () => {
    writeFileSync(join(root, 'large.nlvr.yaml'), '');
    const first = await open([root]);
    await first.runs.begin(false);
    expect(first.searches).toHaveLength(2);
    first.close();
  });

  it('finds runs in the folders set in each workspace folder, also new ones', async () => {
    const [a, b] = [join(root, 'a'), join(root, 'b')];
    makeRun(join(a, 'mine', '1'), 'of-a');
    makeRun(join(b, 'theirs', '1'), 'of-b');
    makeRun(join(b, 'mine', '1'), 'nowhere');
    const { runs, names, focus, close, stored } = await open([a, b], {
      [a]: ['mine'],
      [b]: ['theirs'],
    });
    await runs.begin(true);
    expect(names()).toEqual(['of-a', 'of-b']);
    expect(stored.get('nlvr.hasAny')).toBe(true);
    makeRun(join(b, 'theirs', '2'), 'new');
    // Changed without a watcher event.
    makeRun(join(a, 'mine', '1'), 'renamed');
    focus();
    await expect.poll(names).toEqual(['new', 'of-b', 'renamed']);
    close();
  });
});
