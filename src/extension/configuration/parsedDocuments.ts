import { dirname } from 'node:path';
import type * as vscode from 'vscode';
import { parseConfig, type ParsedConfig } from '../../config/parse';

const parsed = new WeakMap<vscode.TextDocument, { version: number; config: ParsedConfig }>();

/** A document's configuration, parsed once a version. */
export function parsedConfig(document: vscode.TextDocument): ParsedConfig {
  const known = parsed.get(document);
  if (known?.version === document.version) return known.config;
  const config = parseConfig(document.getText());
  parsed.set(document, { version: document.version, config });
  return config;
}

/** Where the document's relative paths start. */
export function folderOf(document: vscode.TextDocument): string {
  return dirname(document.uri.fsPath);
}
