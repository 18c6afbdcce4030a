import { dirname } from 'node:path';
import type * as vscode from 'vscode';
import { parseConfig, type ParsedConfig } from '../../config/parse';

const parsed = new WeakMap<vscode.TextDocument, { version: number; config: ParsedConfig }>();

/** Parses a document's configuration; caches the result per version. */
export function parsedConfig(document: vscode.TextDocument): ParsedConfig {
  const known = parsed.get(document);
  if (known?.version === document.version) return known.config;
  const config = parseConfig(document.getText());
  parsed.set(document, { version: document.version, config });
  return config;
}

/** The base folder of the document's relative paths. */
export function folderOf(document: vscode.TextDocument): string {
  return dirname(document.uri.fsPath);
}
