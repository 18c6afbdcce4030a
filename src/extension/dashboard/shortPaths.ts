import { basename, parse, sep } from 'node:path';

/** Characters allowed before a path in a sentence that are not part of it. */
const begins = /[\s"'`“”‘’«»„()[\]{}<>=,;:|]/;

/**
 * A message with paths inside a folder made relative to it, as everywhere in the editor: what comes before is
 * the same in every line. A workspace of several folders names the one that it means, as VS Code does.
 * @param roots absolute paths of the workspace's folders.
 * @param runFolder absolute; paths of a run outside the workspace are relative to its folder.
 */
export function shortPaths(text: string, roots: readonly string[], runFolder: string): string {
  const named = roots.length > 1;
  // The innermost first: a folder of the workspace may lie within another.
  const longestFirst = [...roots].sort((a, b) => b.length - a.length);
  const shortened = longestFirst.reduce(
    (line, root) => withoutRoot(line, root, named ? basename(root) + sep : ''),
    text,
  );
  return withoutRoot(shortened, runFolder, '');
}

function withoutRoot(text: string, root: string, instead: string): string {
  // The root of the file system is in every path: it says something.
  if (parse(root).root === root) return text;
  const start = root.endsWith(sep) ? root : root + sep;
  let result = '';
  let from = 0;
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, from)) {
    const before = text[at - 1];
    const isPath = before === undefined || begins.test(before);
    result += text.slice(from, at) + (isPath ? instead : start);
    from = at + start.length;
  }
  return result + text.slice(from);
}
