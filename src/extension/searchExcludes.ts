import * as vscode from 'vscode';

/** Folders of programs and their packages: large, and nobody keeps configurations or runs there. */
const always = ['node_modules', '.git', 'site-packages', '__pycache__'];

/**
 * What a search of the workspace leaves out, as a glob for `vscode.workspace.findFiles`: folders of packages, and what
 * the user excludes from searches. VS Code adds what is excluded from the workspace altogether (`files.exclude`).
 */
export function excludedFromSearch(): string {
  const set = vscode.workspace.getConfiguration('search').get<Record<string, unknown>>('exclude');
  const users = Object.entries(set ?? {})
    // Others are excluded by a condition that only VS Code's own search knows.
    .filter(([, value]) => value === true)
    .flatMap(([pattern]) => (/\*\*?$/.test(pattern) ? [pattern] : [pattern, `${pattern}/**`]));
  // One level of braces: the search of older versions of VS Code finds nothing with braces in braces.
  const ours = always.map((name) => `**/${name}/**`);
  return `{${[...ours, ...users.flatMap(withoutBraces)].join(',')}}`;
}

/** The globs that a glob with alternatives, such as `**\/{a,b}`, stands for. */
function withoutBraces(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (!found) return [pattern];
  const [, before = '', alternatives = '', after = ''] = found;
  return alternatives.split(',').flatMap((each) => withoutBraces(before + each + after));
}
