import { readFile, stat } from 'node:fs/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { version } from '../../../package.json';
import { runFoldersBelow } from '../../analysis/runTable';
import { toolDefinitions } from '../../assistant/definitions';
import type { ReadAccess } from '../../assistant/readAccess';
import { callTool } from '../../assistant/tools';
import { UserError } from '../../util/userError';
import { userPath } from '../userPath';

export interface McpOptions {
  root: string[];
}

const INSTRUCTIONS =
  'Reads the training runs and configurations of NLVR2 models (BLIP) in the folders that it was started with. Start with nlvr_list_runs. Nothing is changed, run or downloaded. Epochs count from 0; accuracy and consistency are shares from 0 to 1.';

/**
 * `nlvr mcp`: serves the Model Context Protocol over standard input and output until standard input ends. The tools are
 * those that the extension offers to language models (`src/assistant`).
 */
export async function mcp({ root }: McpOptions): Promise<void> {
  const places = await openReadAccess(root.length === 0 ? ['.'] : root);
  const { server } = new McpServer(
    { name: 'nlvr', title: 'NLVR Workbench', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: toolDefinitions.map(({ name, title, description, input }) => ({
      name,
      title,
      description,
      inputSchema: structuredClone(input),
      annotations: { readOnlyHint: true, openWorldHint: false },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { text, failed } = await callTool(params.name, params.arguments, places);
    return { content: [{ type: 'text' as const, text }], isError: failed };
  });
  const ended = new Promise((resolve) => process.stdin.once('close', resolve));
  await server.connect(new StdioServerTransport());
  await ended;
}

/** @param roots paths of the command line @throws {UserError} when one is not a folder */
async function openReadAccess(roots: readonly string[]): Promise<ReadAccess> {
  const folders = roots.map(userPath);
  for (const folder of folders)
    if (!(await stat(folder).catch(() => undefined))?.isDirectory())
      throw new UserError(`There is no folder ${folder}.`, {
        hint: 'Specify a folder with runs with --root.',
      });
  return {
    roots: folders,
    runFolders: () => runFoldersBelow(folders),
    dataAnywhere: false,
    textOf: (file) =>
      readFile(file, 'utf8').then(
        (text) => text.replace(/^\uFEFF/, ''),
        () => undefined,
      ),
    userSlices: () => [],
  };
}
