import * as vscode from 'vscode';

/** Large folders of packages, which contain no configurations or runs. */
const packageFolders = ['node_modules', '.git', 'site-packages', '__pycache__'];

/**
 * The excludes of a workspace search, as a glob for `vscode.workspace.findFiles`: folders of packages, and the setting
 * `search.exclude`. VS Code adds `files.exclude` itself.
 */
export function searchExcludeGlob(): string {
  const set = vscode.workspace.getConfiguration('search').get<Record<string, unknown>>('exclude');
  const users = Object.entries(set ?? {})
    // Other values are conditions, which only VS Code's own search evaluates.
    .filter(([, value]) => value === true)
    .flatMap(([pattern]) => (/\*\*?$/.test(pattern) ? [pattern] : [pattern, `${pattern}/**`]));
  // One level of braces: the search of older versions of VS Code does not support nested braces.
  const ours = packageFolders.map((name) => `**/${name}/**`);
  return `{${[...ours, ...users.flatMap(expandBraces)].join(',')}}`;
}

/** Expands a glob with alternatives, such as `**\/{a,b}`. */
function expandBraces(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (!found) return [pattern];
  const [, before = '', alternatives = '', after = ''] = found;
  return alternatives.split(',').flatMap((each) => expandBraces(before + each + after));
}
