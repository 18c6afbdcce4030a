import type * as vscode from 'vscode';
import type { ConfigProblem } from '../../config/problem';
import { lookUp } from './lookup';
import { folderOf, parsedConfig } from './parsedDocuments';
import { missingPaths } from './paths';

/** Every problem of a configuration, those of the disk too, in the order of the text. */
export async function allProblems(document: vscode.TextDocument): Promise<ConfigProblem[]> {
  const parsed = parsedConfig(document);
  const broken = parsed.problems.some(({ code }) => code === 'syntax');
  const missing = broken ? [] : await missingPaths(parsed, folderOf(document), lookUp);
  return [...parsed.problems, ...missing].sort((a, b) => a.range[0] - b.range[0]);
}
