/** Expands `~` and `$NAME` in paths, as the user's shell does. */
import { fileURLToPath } from 'node:url';
import { homeFolder } from '../util/cacheFolder';
import { localize, type MessageText } from '../util/localize';

/** The expanded path, or an error with the path that was probably suggestion. */
export type Expansion = { path: string } | { error: MessageText; suggestion?: string };

const variable = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/**
 * Expands `~`, `~/…`, `$NAME` and `${NAME}`; everything else, including addresses, is unchanged. Syntax that other shells or
 * programs expand is an error, so that no folder named `~` or `%HOME%` is ever created.
 * @param environment variables by name; by default those of the process
 */
export function expandPath(
  value: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Expansion {
  if (/^https?:\/\//i.test(value)) return { path: value };
  if (/^file:/i.test(value)) {
    const suggestion = pathOf(value);
    return {
      error: localize('write the path itself, not a file: address'),
      ...(suggestion !== undefined && { suggestion }),
    };
  }
  const other = /^~[^/\\]+/.exec(value)?.[0];
  if (other !== undefined)
    return { error: localize('{0} is not expanded; only ~ alone, your home folder, is', other) };
  const windows = /%([A-Za-z_]\w*)%/.exec(value);
  if (windows)
    return {
      error: localize(
        '{0} is not expanded; write ${1}, or the path itself',
        windows[0],
        windows[1],
      ),
      suggestion: value.replaceAll(/%([A-Za-z_]\w*)%/g, '$$$1'),
    };
  if (/\$\(|`/.test(value)) return { error: localize('commands in paths are not executed') };
  const startsAtHome = /^~(?=$|[/\\])/.test(value);
  const home = startsAtHome ? environment.HOME || homeFolder() : '';
  if (home === undefined)
    return { error: localize('~ cannot be expanded, because there is no home folder') };
  const atHome = startsAtHome ? home + value.slice(1) : value;
  let error: MessageText | undefined;
  const path = atHome.replaceAll(variable, (written: string, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const found = environment[name];
    if (found === undefined || found === '')
      error ??= localize('the environment variable {0} is not set', name);
    return found ?? written;
  });
  if (error !== undefined) return { error };
  if (path.includes('${')) return { error: localize('only $NAME and {0} are expanded', '${NAME}') };
  return { path };
}

/** The expanded path; a path that cannot be expanded is unchanged (`parseConfig` reports it). */
export function expandedPath(value: string): string {
  const expansion = expandPath(value);
  return 'path' in expansion ? expansion.path : value;
}

function pathOf(address: string): string | undefined {
  try {
    return fileURLToPath(address);
  } catch {
    return undefined;
  }
}
