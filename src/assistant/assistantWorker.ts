/** Answers one question of the editor's models on a thread of its own: an analysis of many predictions takes seconds. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { checkUserSlices } from '../analysis/userSlices';
import { callTool } from './tools';

/** What the worker is made with. */
export interface AssistantRequest {
  tool: string;
  /** Not checked yet. */
  input: unknown;
  /** As in `Places`. */
  roots: readonly string[];
  runFolders: readonly string[];
  /** Texts of open files by their absolute paths, as they are in their editors. */
  openTexts: ReadonlyMap<string, string>;
  /** The setting `nlvr.slices`, not checked yet. */
  slices: unknown;
}

const { tool, input, roots, runFolders, openTexts, slices } = workerData as AssistantRequest;
void callTool(tool, input, {
  roots,
  runFolders: () => Promise.resolve(runFolders),
  // The user trusts the workspace.
  dataAnywhere: true,
  textOf: (file) =>
    openTexts.has(file)
      ? Promise.resolve(openTexts.get(file))
      : readFile(file, 'utf8').then(
          (text) => text.replace(/^\uFEFF/, ''),
          () => undefined,
        ),
  userSlices: () => checkUserSlices(slices, 'nlvr.slices'),
}).then((answer) => parentPort?.postMessage(answer));
