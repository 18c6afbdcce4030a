/** Recognizes NLVR configuration files. */

/** File names of configurations: `nlvr.yaml`, `large.nlvr.yml`. */
const fileName = /(^|\.)nlvr\.ya?ml$/i;
/** The comment that marks any other YAML file as a configuration. */
const markerComment = /^#\s*nlvr\b/i;

/** These file names as a glob, for `vscode.workspace.findFiles` and file watchers. */
export const configurationGlob = '**/{nlvr.yaml,nlvr.yml,*.nlvr.yaml,*.nlvr.yml}';

/**
 * Whether a file is a configuration, by its name or its first line.
 * @param path path or name of the file
 * @param firstLine its first line, if known
 */
export function isConfiguration(path: string, firstLine = ''): boolean {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return fileName.test(name) || (/\.ya?ml$/i.test(name) && markerComment.test(firstLine));
}
