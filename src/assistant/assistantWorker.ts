/** A worker thread that runs one tool for the editor, because an analysis of many predictions takes seconds. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { checkUserSlices } from '../analysis/userSlices';
import { callTool } from './tools';

/** Input of the worker. */
export interface AssistantRequest {
  tool: string;
  /** Not validated. */
  input: unknown;
  /** As in `ReadAccess`. */
  roots: readonly string[];
  runFolders: readonly string[];
  /** Texts of open files in their editors, by absolute path. */
  openTexts: ReadonlyMap<string, string>;
  /** The setting `nlvr.slices`, not validated. */
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
