/** Tests the language model tools in a real VS Code: another extension finds and calls them as a chat does. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { toolDefinitions } from '../../src/assistant/definitions';
import { writeAssistantFolders } from '../unit/assistantSupport';
import { openWorkbench, scratchFolder } from './harness/open';

interface Answers {
  tools: { name: string; description: string; inputSchema: unknown }[];
  answers: { name: string; text?: string; error?: string }[];
}

const calls = [
  { name: 'nlvr_list_runs', input: {} },
  { name: 'nlvr_run_status', input: { run: 'first' } },
  { name: 'nlvr_run_metrics', input: { run: 'first' } },
  { name: 'nlvr_analyze_run', input: { run: 'first' } },
  { name: 'nlvr_failed_examples', input: { run: 'first', limit: 2 } },
  { name: 'nlvr_compare_runs', input: { a: 'first', b: 'second' } },
  { name: 'nlvr_robustness', input: { run: 'first' } },
  { name: 'nlvr_check_configuration', input: { file: 'nlvr.yaml' } },
  { name: 'nlvr_run_status', input: { run: '/etc' } },
] satisfies { name: (typeof toolDefinitions)[number]['name']; input: unknown }[];

/** Creates an extension folder with the packaged extension and the one that calls its tools. */
function extensions(): string {
  const folder = scratchFolder('extensions');
  const { publisher, name } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    publisher: string;
    name: string;
  };
  const installed = inject('extensions').current;
  for (const each of readdirSync(installed))
    if (each.startsWith(`${publisher}.${name}-`))
      cpSync(join(installed, each), join(folder, each), { recursive: true });
  const caller = join(import.meta.dirname, 'toolCaller');
  cpSync(caller, join(folder, 'nlvr-test.tool-caller-0.0.1'), { recursive: true });
  return folder;
}

it('are registered with their schemas, and answer another extension about this workspace only', async () => {
  const workspace = scratchFolder('assistant-tools');
  await writeAssistantFolders({ root: workspace, outside: '' });
  writeFileSync(join(workspace, 'calls.json'), JSON.stringify(calls));
  const vscode = await openWorkbench({
    workspace,
    extensions: extensions(),
    settings: { 'chat.disableAIFeatures': false },
  });
  await vscode.runCommand('Test: Call Tools');
  const file = join(workspace, 'answers.json');
  await expect.poll(() => existsSync(file), { timeout: 60_000 }).toBe(true);
  const { tools, answers } = JSON.parse(readFileSync(file, 'utf8')) as Answers;
  for (const { name, description, input } of toolDefinitions)
    expect(tools).toContainEqual(
      expect.objectContaining({ name, description, inputSchema: input }),
    );
  expect(tools).toHaveLength(toolDefinitions.length);
  expect(answers.map(({ name }) => name)).toEqual(calls.map(({ name }) => name));
  const refused = answers.pop();
  expect(refused?.error).toContain('is outside the folders that may be read');
  for (const { name, text, error } of answers)
    expect([name, error], text).toEqual([name, undefined]);
  const [list, , , analysis] = answers.map(
    ({ text }) => JSON.parse(text ?? '') as Record<string, unknown>,
  );
  expect(list.total).toBe(2);
  const request = { split: 'val', epoch: 'last', userSlices: [] } as const;
  const expected = await analyze({ ...request, run: join(workspace, 'first') });
  expect(analysis.accuracy).toBeCloseTo(expected.analysis.accuracy ?? NaN, 5);
});
