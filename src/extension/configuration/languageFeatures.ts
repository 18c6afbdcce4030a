/**
 * Quick fixes, hovers, completion and links for configurations open as text. Loaded when the first of them is requested
 * (see `register.ts`).
 */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { expandedPath } from '../../config/expandPath';
import { convertForeign } from '../../config/foreign';
import { definitionOf } from '../../config/keys';
import { configPaths, isUrl } from '../../config/paths';
import { describeInspection, yamlFor } from '../../model/inspect';
import { formatMessage } from '../../util/localize';
import { architectureEdit, inspectPretrained } from './checkpointInfo';
import { contextAt, proposalsAt, type CompletionContext, type Proposal } from './completion';
import { documentProblems } from './documentProblems';
import { fixesFor } from './fixes';
import { describe, hoverAt } from './hover';
import { folderOf, parsedConfig } from './parsedDocuments';
import { writtenPaths } from '../../config/writtenPaths';
import { toRange, toWorkspaceEdit } from './ranges';

/** Quick fixes at a range. Computed from the text, so that they also work on diagnostics of another extension. */
export async function provideCodeActions(
  document: vscode.TextDocument,
  range: vscode.Range,
  context: vscode.CodeActionContext,
): Promise<vscode.CodeAction[]> {
  const problems = await documentProblems(document);
  const architecture = await architectureAction(document, range);
  const here = problems.filter((problem) => toRange(document, problem.range).intersection(range));
  const fixes = here.flatMap((problem) =>
    fixesFor(document.getText(), problem, vscode.l10n.t).map((fix) => {
      const action = new vscode.CodeAction(fix.title, vscode.CodeActionKind.QuickFix);
      action.edit = toWorkspaceEdit(document, fix.edit);
      action.isPreferred = fix.preferred;
      action.diagnostics = context.diagnostics.filter(({ range: marked }) =>
        marked.isEqual(toRange(document, problem.range)),
      );
      return action;
    }),
  );
  const conversion = conversionAction(document);
  return [...(conversion ? [conversion] : []), ...fixes, ...(architecture ? [architecture] : [])];
}

/** The action that converts a configuration of ALBEF, X-VLM, LAVIS or UNITER: keeps what has a counterpart here. */
function conversionAction(document: vscode.TextDocument): vscode.CodeAction | undefined {
  const text = document.getText();
  const converted = convertForeign(text);
  if (!converted) return undefined;
  const action = new vscode.CodeAction(
    vscode.l10n.t('Convert from {0}', converted.origin),
    vscode.CodeActionKind.QuickFix,
  );
  action.edit = toWorkspaceEdit(document, { range: [0, text.length], text: converted.text });
  action.isPreferred = true;
  return action;
}

/** The action on `pretrained` that sets the architecture of its checkpoint. */
async function architectureAction(
  document: vscode.TextDocument,
  range: vscode.Range,
): Promise<vscode.CodeAction | undefined> {
  const parsed = parsedConfig(document);
  const [place] = parsed.written.get('pretrained')?.slice(-1) ?? [];
  if (!place || !toRange(document, [place.key[0], place.value[1]]).intersection(range))
    return undefined;
  const info = await inspectPretrained(parsed, folderOf(document));
  const edit =
    info &&
    architectureEdit(document.getText(), parsed.config, folderOf(document), info.inspection);
  if (!edit) return undefined;
  const action = new vscode.CodeAction(
    vscode.l10n.t("Use This Checkpoint's Architecture"),
    vscode.CodeActionKind.QuickFix,
  );
  action.edit = toWorkspaceEdit(document, edit);
  return action;
}

export async function provideHover(
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.Hover | undefined> {
  const parsed = parsedConfig(document);
  const hover = hoverAt(parsed, document.offsetAt(position), vscode.l10n.t);
  if (hover === undefined) return undefined;
  const parts = [new vscode.MarkdownString(hover.text)];
  const info =
    hover.key === 'pretrained' ? await inspectPretrained(parsed, folderOf(document)) : undefined;
  if (info) {
    // Appended as text, because names of tensors come from the file.
    const about = new vscode.MarkdownString();
    for (const line of describeInspection(info.inspection))
      about.appendText(`${formatMessage(line, vscode.l10n.t)}\n\n`);
    parts.push(about.appendCodeblock(yamlFor(info.inspection.keys), 'yaml'));
  }
  return new vscode.Hover(parts, toRange(document, hover.range));
}

export async function provideCompletionItems(
  document: vscode.TextDocument,
  position: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  const place = contextAt(document.getText(), document.offsetAt(position));
  if (place === undefined) return [];
  const range = new vscode.Range(position.translate(0, -place.typed.length), position);
  const items = proposalsAt(place).map((proposal, index) => toItem(proposal, index, range));
  return [...items, ...(await pathItems(document, place, position))];
}

const kinds: Readonly<Record<Proposal['kind'], vscode.CompletionItemKind>> = {
  key: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
  default: vscode.CompletionItemKind.Value,
};

function toItem(proposal: Proposal, index: number, range: vscode.Range): vscode.CompletionItem {
  const item = new vscode.CompletionItem(proposal.label, kinds[proposal.kind]);
  const definition = definitionOf(proposal.key);
  item.insertText = new vscode.SnippetString(proposal.insert);
  item.range = range;
  item.detail =
    proposal.kind === 'default' ? vscode.l10n.t('default') : vscode.l10n.t(proposal.detail);
  item.preselect = proposal.kind === 'default';
  item.sortText = String(index).padStart(3, '0');
  if (definition)
    item.documentation = new vscode.MarkdownString(
      describe(proposal.key, definition, vscode.l10n.t),
    );
  return item;
}

/** Completion items for the files and folders below a typed path. */
async function pathItems(
  document: vscode.TextDocument,
  place: CompletionContext,
  position: vscode.Position,
): Promise<vscode.CompletionItem[]> {
  if (place.kind !== 'value' || isUrl(place.typed)) return [];
  const definition = definitionOf(place.key);
  const path = definition?.kind === 'mapping' ? definition.alternative : definition;
  if (path?.kind !== 'path') return [];
  const folder = folderOf(document);
  const belowAnnRoot = place.key.startsWith('ann_files.') || place.key === 'curriculum.ann_file';
  const root = belowAnnRoot ? configPaths(parsedConfig(document).config, folder).annRoot : folder;
  const slash = place.typed.lastIndexOf('/') + 1;
  const typed = expandedPath(place.typed.slice(0, slash));
  const entries = await listFolder(resolve(root, typed || '.'));
  const range = new vscode.Range(position.translate(0, slash - place.typed.length), position);
  return entries
    .filter((entry) => entry.isFolder || path.target === 'file')
    .map((entry) => {
      const item = new vscode.CompletionItem(
        entry.isFolder ? `${entry.name}/` : entry.name,
        entry.isFolder ? vscode.CompletionItemKind.Folder : vscode.CompletionItemKind.File,
      );
      item.range = range;
      if (entry.isFolder) item.command = { command: 'editor.action.triggerSuggest', title: '' };
      return item;
    });
}

async function listFolder(path: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch {
    return [];
  }
}

export function provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
  return writtenPaths(parsedConfig(document), folderOf(document)).flatMap((path) => {
    if (isUrl(path.target))
      return [
        new vscode.DocumentLink(toRange(document, path.range), vscode.Uri.parse(path.target)),
      ];
    const link = new vscode.DocumentLink(
      toRange(document, path.range),
      path.kind === 'folder'
        ? vscode.Uri.parse(
            `command:revealInExplorer?${encodeURIComponent(JSON.stringify([vscode.Uri.file(path.target)]))}`,
          )
        : vscode.Uri.file(path.target),
    );
    link.tooltip = path.target;
    return [link];
  });
}
