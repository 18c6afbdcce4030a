/** `~` and `$NAME` in paths, as the user's shell would expand them. */
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { phrase, type Words } from '../util/phrase';

/** The path to use, or why there is none and, where it can be known, the path that was meant. */
export type Expansion = { path: string } | { fault: Words; meant?: string };

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
      fault: phrase('write the path itself, not a file: address'),
      ...(meant !== undefined && { meant }),
    };
  }
  const other = /^~[^/\\]+/.exec(value)?.[0];
  if (other !== undefined)
    return { fault: phrase('{0} is not expanded; only ~ alone, your home folder, is', other) };
  const windows = /%([A-Za-z_]\w*)%/.exec(value);
  if (windows)
    return {
      fault: phrase('{0} is not expanded; write ${1}, or the path itself', windows[0], windows[1]),
      meant: value.replaceAll(/%([A-Za-z_]\w*)%/g, '$$$1'),
    };
  if (/\$\(|`/.test(value)) return { fault: phrase('commands in a path are not run') };
  const home = environment.HOME ?? homedir();
  const atHome = /^~(?=$|[/\\])/.test(value) ? home + value.slice(1) : value;
  let fault: Words | undefined;
  const path = atHome.replaceAll(variable, (written: string, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const found = environment[name];
    if (found === undefined || found === '')
      fault ??= phrase('the environment variable {0} is not set', name);
    return found ?? written;
  });
  if (fault !== undefined) return { fault };
  if (path.includes('${')) return { fault: phrase('only $NAME and {0} are expanded', '${NAME}') };
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
