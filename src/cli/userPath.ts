import { resolve } from 'node:path';
import { expandPath } from '../config/expandPath';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';

/**
 * Resolves a path of the command line against the working folder. Expands `~` and variables that the shell did not
 * expand (`--output_dir=~/runs`); returns a URL unchanged.
 * @throws {UserError} when the path cannot be expanded
 */
export function userPath(value: string): string {
  const expansion = expandPath(value);
  if ('error' in expansion)
    throw new UserError(localize('The path {0} cannot be used: {1}.', value, expansion.error), {
      ...(expansion.suggestion !== undefined && {
        hint: localize('Did you mean {0}?', expansion.suggestion),
      }),
    });
  return /^https?:/i.test(expansion.path) ? expansion.path : resolve(expansion.path);
}
