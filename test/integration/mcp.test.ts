/** `nlvr mcp` with the protocol's client over standard input and output. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { MAX_CHARACTERS } from '../../src/assistant/bounded';
import { toolDefinitions } from '../../src/assistant/definitions';
import {
  writeAssistantFolders,
  writeHostileRuns,
  writeHugeRun,
  writeSmallTraining,
  writeTraining,
  type AssistantFolders,
} from '../unit/assistantSupport';
import { fail } from './cliSupport';
import { sharedFolder } from './tinyProject';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const folders: AssistantFolders = { root: sharedFolder(), outside: sharedFolder() };

beforeAll(async () => {
  await writeAssistantFolders(folders);
  writeSmallTraining(folders.root);
});

/** Starts the server in a folder and connects to it until the test ends. */
async function connect(cwd: string, ...args: string[]) {
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [cli, 'mcp', ...args], cwd, stderr: 'pipe' },
  });
  const client = new Client({ name: 'test', version: '0' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    client,
    pid: transport.pid,
    call: async (name: string, input: Record<string, unknown> = {}) => {
      const { content, isError } = await client.callTool({ name, arguments: input });
      const [{ text }] = content as { text: string }[];
      return { text, failed: isError === true };
    },
  };
}

/** The targets of the open descriptors of a process. */
function openFiles(pid: number | null): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((descriptor) => readlinkSync(join(folder, descriptor)));
}

const inputs: Record<(typeof toolDefinitions)[number]['name'], Record<string, unknown>> = {
  nlvr_list_runs: {},
  nlvr_run_status: { run: 'calm-fox-1' },
  nlvr_run_metrics: { run: 'calm-fox-1' },
  nlvr_analyze_run: { run: 'first' },
  nlvr_failed_examples: { run: 'first' },
  nlvr_compare_runs: { a: 'first', b: 'second' },
  nlvr_robustness: { run: 'first' },
  nlvr_check_configuration: { file: 'nlvr.yaml' },
};

test('lists the tools with their schemas, read only, and answers each', async () => {
  const { client, call } = await connect('/', '--root', folders.root);
  expect(client.getServerVersion()).toMatchObject({ name: 'nlvr' });
  expect(client.getInstructions()).toContain('nlvr_list_runs');
  const { tools } = await client.listTools();
  expect(tools).toEqual(
    toolDefinitions.map(({ name, title, description, input }) => ({
      ...{ name, title, description, inputSchema: input },
      annotations: { readOnlyHint: true, openWorldHint: false },
    })),
  );
  const before = statSync(join(folders.root, 'first')).mtimeMs;
  for (const [name, input] of Object.entries(inputs)) {
    const { text, failed } = await call(name, input);
    expect(failed, `${name}: ${text}`).toBe(false);
    expect(JSON.parse(text), name).toBeTypeOf('object');
  }
  expect(statSync(join(folders.root, 'first')).mtimeMs).toBe(before);
  expect(await call('nlvr_run_status')).toMatchObject({ failed: true });
  expect(await call('nlvr_delete_run')).toMatchObject({ failed: true });
});

test('reads nothing outside its folders, and opens no port', async () => {
  writeTraining(folders.outside, 'run');
  const hostile = writeHostileRuns(folders);
  // Without --root it is the working folder.
  const { call, pid } = await connect(folders.root);
  const named = [join(folders.outside, 'run'), '..', '/etc', ...hostile];
  for (const run of named)
    for (const name of ['nlvr_run_status', 'nlvr_failed_examples']) {
      const { text, failed } = await call(name, { run });
      expect(failed, text).toBe(true);
      expect(text).toContain('is outside the folders that may be read');
    }
  const files = [join(folders.outside, 'secret.yaml'), '../x.yaml', 'linked.yaml'];
  for (const file of files)
    expect(await call('nlvr_check_configuration', { file })).toMatchObject({
      failed: true,
      text: expect.stringContaining('is outside') as string,
    });
  // Sockets in the state LISTEN (0A) of this network namespace that belong to the server.
  const listening = ['tcp', 'tcp6'].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => `socket:[${fields[9]}]`),
  );
  expect(listening.filter((socket) => openFiles(pid).includes(socket))).toEqual([]);

  // If the other folder is specified, too, its run can be read.
  const both = await connect('/', '--root', folders.root, '--root', folders.outside);
  expect(await both.call('nlvr_run_status', { run: join(folders.outside, 'run') })).toMatchObject({
    failed: false,
  });
});

test('answers about a huge run are limited in size', async () => {
  writeHugeRun(folders.root);
  const { call } = await connect(folders.root);
  for (const name of [
    ...['nlvr_run_status', 'nlvr_run_metrics', 'nlvr_analyze_run', 'nlvr_failed_examples'],
  ]) {
    const { text, failed } = await call(name, { run: 'huge' });
    expect(failed, text).toBe(false);
    expect(text.length, name).toBeLessThanOrEqual(MAX_CHARACTERS);
    expect(JSON.parse(text), name).toHaveProperty('leftOut');
  }
});

test('--root that is not a folder: exit code 2', async () => {
  expect(await fail(2, 'mcp', '--root', join(folders.root, 'none'))).toMatch(/There is no folder/);
});
