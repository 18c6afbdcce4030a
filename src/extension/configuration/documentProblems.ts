import type * as vscode from 'vscode';
import { allProblems } from '../../config/diskProblems';
import type { ConfigProblem } from '../../config/problem';
import { lookUp } from './lookup';
import { currentText } from './openText';
import { folderOf, parsedConfig } from './parsedDocuments';

/** All problems of an open configuration, including missing files, in the order of the text. */
export function documentProblems(document: vscode.TextDocument): Promise<ConfigProblem[]> {
  return allProblems(parsedConfig(document), folderOf(document), { lookUp, textOf: currentText });
}
