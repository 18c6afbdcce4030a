/** `~` and `$NAME` in paths, as the user's shell would expand them. */
import { fileURLToPath } from 'node:url';
import { homeFolder } from '../util/cacheFolder';
import { localize, type MessageText } from '../util/localize';

/** The path to use, or why there is none and, where it can be known, the path that was meant. */
export type Expansion = { path: string } | { fault: MessageText; meant?: string };

const variable = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/**
 * Expands `~`, `~/…`, `$NAME` and `${NAME}`; everything else stays as it is, addresses too. What other shells or
 * programs would expand is refused, so that no folder is ever called `~` or `%HOME%`.
 * @param environment variables by name; the process's own unless given
 */
export function expandPath(
  value: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Expansion {
  if (/^https?:\/\//i.test(value)) return { path: value };
  if (/^file:/i.test(value)) {
    const meant = pathOf(value);
    return {
      fault: localize('write the path itself, not a file: address'),
      ...(meant !== undefined && { meant }),
    };
  }
  const other = /^~[^/\\]+/.exec(value)?.[0];
  if (other !== undefined)
    return { fault: localize('{0} is not expanded; only ~ alone, your home folder, is', other) };
  const windows = /%([A-Za-z_]\w*)%/.exec(value);
  if (windows)
    return {
      fault: localize(
        '{0} is not expanded; write ${1}, or the path itself',
        windows[0],
        windows[1],
      ),
      meant: value.replaceAll(/%([A-Za-z_]\w*)%/g, '$$$1'),
    };
  if (/\$\(|`/.test(value)) return { fault: localize('commands in paths are not executed') };
  const startsAtHome = /^~(?=$|[/\\])/.test(value);
  const home = startsAtHome ? environment.HOME || homeFolder() : '';
  if (home === undefined)
    return { fault: localize('~ cannot be expanded, because there is no home folder') };
  const atHome = startsAtHome ? home + value.slice(1) : value;
  let fault: MessageText | undefined;
  const path = atHome.replaceAll(variable, (written: string, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const found = environment[name];
    if (found === undefined || found === '')
      fault ??= localize('the environment variable {0} is not set', name);
    return found ?? written;
  });
  if (fault !== undefined) return { fault };
  if (path.includes('${')) return { fault: localize('only $NAME and {0} are expanded', '${NAME}') };
  return { path };
}

/** The expanded path; what cannot be expanded stays as it is (`parseConfig` has refused it). */
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
