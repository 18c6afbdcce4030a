/** Which files are NLVR configurations. */

/** A file's name alone: `nlvr.yaml`, `large.nlvr.yml`. */
const names = /(^|\.)nlvr\.ya?ml$/i;
/** The comment with which any other YAML file says that it is one. */
const mark = /^#\s*nlvr\b/i;

/** The same for `vscode.workspace.findFiles` and file watchers. */
export const configurationGlob = '**/{nlvr.yaml,nlvr.yml,*.nlvr.yaml,*.nlvr.yml}';

/**
 * @param path path or name of the file
 * @param firstLine its first line, where it is known
 */
export function isConfiguration(path: string, firstLine = ''): boolean {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return names.test(name) || (/\.ya?ml$/i.test(name) && mark.test(firstLine));
}
