/** Tests the language model tools: registered in trusted workspaces only, and limited to this workspace. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolDefinitions } from '../../src/assistant/definitions';
import type * as assistant from '../../src/extension/assistantTools';
import type { Run } from '../../src/extension/runs/runRegistry';
import { scratchFolder } from '../integration/tinyProject';
import { writeAssistantFolders, writeTraining } from './assistantSupport';
import { loadWithVscode, nothing } from './fakeVscode';

interface Tool {
  invoke(options: { input: unknown }, token: unknown): Promise<{ content: { value: string }[] }>;
  prepareInvocation(): { invocationMessage: string };
}

class Part {
  constructor(readonly value: string) {}
}
class Canceled extends Error {}
class Result {
  constructor(readonly content: unknown) {}
}

/** Registers the tools in a workspace of one folder. */
async function register({
  root = '/',
  trusted = true,
  documents = [] as unknown[],
  runs = [] as string[],
  without = false,
} = {}) {
  const tools = new Map<string, Tool>();
  let grant: () => void = () => undefined;
  let disposed = 0;
  const lm = {
    registerTool: (name: string, tool: Tool) => {
      tools.set(name, tool);
      return { dispose: () => void disposed++ };
    },
  };
  const { registerAssistantTools } = await loadWithVscode<typeof assistant>(
    'src/extension/assistantTools.ts',
    {
      lm: without ? undefined : lm,
      Disposable: {
        from: (...all: { dispose(): void }[]) => ({
          dispose: () => all.forEach((each) => each.dispose()),
        }),
      },
      CancellationError: Canceled,
      LanguageModelTextPart: Part,
      LanguageModelToolResult: Result,
      l10n: { t: (text: string) => text },
      workspace: {
        isTrusted: trusted,
        workspaceFolders: [{ uri: { scheme: 'file', fsPath: root } }],
        textDocuments: documents,
        getConfiguration: () => ({ get: () => [{ name: 'bottles', pattern: '\\bbottles?\\b' }] }),
        onDidGrantWorkspaceTrust: (listener: () => void) => {
          grant = listener;
          return nothing();
        },
      },
    },
  );
  const disposable = registerAssistantTools(
    { runs: runs.map((folder) => ({ folder }) as Run) },
    { searchOnce: () => Promise.resolve() },
  );
  const call = async (name: string, input: unknown): Promise<Record<string, unknown>> => {
    const result = await tools.get(name)?.invoke({ input }, token);
    return JSON.parse(result?.content[0].value ?? '') as Record<string, unknown>;
  };
  return { tools, call, grant: () => grant(), disposable, disposed: () => disposed };
}

/** A token that is never canceled. */
const token = { onCancellationRequested: () => ({ dispose: () => undefined }) };
const names = toolDefinitions.map(({ name }) => name);

describe('language model tools', () => {
  it('are those of the manifest, each with a progress message', async () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      contributes: { languageModelTools: { name: string; when: string }[] };
    };
    const { tools, disposable, disposed } = await register();
    expect([...tools.keys()]).toEqual(names);
    expect(contributes.languageModelTools.map(({ name }) => name)).toEqual(names);
    for (const { when } of contributes.languageModelTools) expect(when).toBe('isWorkspaceTrusted');
    const messages = [...tools.values()].map((tool) => tool.prepareInvocation().invocationMessage);
    expect(new Set(messages).size).toBe(names.length);
    disposable.dispose();
    expect(disposed()).toBe(names.length);
  });

  it('are registered when the workspace is trusted, and not before', async () => {
    const { tools, grant } = await register({ trusted: false });
    expect(tools.size).toBe(0);
    grant();
    expect(tools.size).toBe(names.length);
  });

  it('do nothing in an editor without language models', async () => {
    const { disposable, grant } = await register({ without: true });
    grant();
    disposable.dispose();
  });

  it('answer about the runs of the workspace and no others, with the slices of the settings', async () => {
    const root = scratchFolder();
    await writeAssistantFolders({ root, outside: '' });
    const outside = writeTraining(scratchFolder(), 'elsewhere');
    const inView = writeTraining(scratchFolder(), 'in-view');
    const first = join(root, 'first');
    const { tools, call } = await register({ root, runs: [first, inView] });
    const list = await call('nlvr_list_runs', {});
    expect(list.total).toBe(2);
    expect((await call('nlvr_run_status', { run: 'in-view' })).folder).toBe(inView);
    const { slices } = await call('nlvr_analyze_run', { run: 'first' });
    expect(slices).toContainEqual(expect.objectContaining({ slice: 'bottles' }));
    await expect(
      tools.get('nlvr_run_status')?.invoke({ input: { run: outside } }, token),
    ).rejects.toThrow('is outside the folders that may be read');
  });

  it('end when the user cancels', async () => {
    const { tools } = await register();
    const canceling = {
      onCancellationRequested: (listener: () => void) => {
        listener();
        return { dispose: () => undefined };
      },
    };
    await expect(
      tools.get('nlvr_list_runs')?.invoke({ input: {} }, canceling),
    ).rejects.toBeInstanceOf(Canceled);
  });

  it('check unsaved edits of a configuration', async () => {
    const root = scratchFolder();
    const file = join(root, 'nlvr.yaml');
    writeFileSync(file, 'max_epoch: 2\n');
    const document = {
      uri: { scheme: 'file', fsPath: file },
      getText: () => 'max_epoch: 2\nmax_epohc: 3\n',
    };
    const { call } = await register({ root, documents: [document] });
    expect(await call('nlvr_check_configuration', { file: 'nlvr.yaml' })).toMatchObject({
      problems: [{ key: 'max_epohc', line: 2 }],
    });
  });
});
