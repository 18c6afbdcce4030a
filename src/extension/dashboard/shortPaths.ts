import { basename, parse, sep } from 'node:path';

/** Characters that can precede a path in a sentence without being part of it. */
const pathDelimiter = /[\s"'`“”‘’«»„()[\]{}<>=,;:|]/;

/**
 * Makes the paths in a message relative to their workspace folder, as everywhere in VS Code. With several workspace
 * folders, the name of the folder is prepended.
 * @param roots absolute paths of the workspace folders
 * @param runFolder absolute; paths in a run outside the workspace become relative to its folder
 */
export function shortPaths(text: string, roots: readonly string[], runFolder: string): string {
  const named = roots.length > 1;
  // The innermost first, because workspace folders can be nested.
  const longestFirst = [...roots].sort((a, b) => b.length - a.length);
  const shortened = longestFirst.reduce(
    (line, root) => replaceRoot(line, root, named ? basename(root) + sep : ''),
    text,
  );
  return replaceRoot(shortened, runFolder, '');
}

function replaceRoot(text: string, root: string, instead: string): string {
  // The root of the file system is part of every absolute path and is kept.
  if (parse(root).root === root) return text;
  const start = root.endsWith(sep) ? root : root + sep;
  let result = '';
  let from = 0;
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, from)) {
    const before = text[at - 1];
    const isPath = before === undefined || pathDelimiter.test(before);
    result += text.slice(from, at) + (isPath ? instead : start);
    from = at + start.length;
  }
  return result + text.slice(from);
}
