import { localize } from '../../util/localize';
import { RuntimeUnusableError } from '../errors';

/**
 * Supported TensorFlow versions, from (inclusive) and before (exclusive).
 *
 * The runtime's tests pass with 2.16, 2.18, 2.20 and 2.21. Older versions were not tested; TensorFlow 3 may break
 * compatibility that minor versions keep.
 */
const ACCEPTED_VERSIONS = { from: [2, 16], before: [3, 0] } as const;

/** Checks the version of a library. @throws RuntimeUnusableError when it is not supported */
export function checkVersion(version: string, directory: string): void {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  const value = major * 1000 + minor;
  const limit = ([a, b]: readonly [number, number]): number => a * 1000 + b;
  if (value >= limit(ACCEPTED_VERSIONS.from) && value < limit(ACCEPTED_VERSIONS.before)) return;
  throw new RuntimeUnusableError(
    localize(
      'TensorFlow {0} in {1} is not supported; versions from {2} to before {3} are.',
      version,
      directory,
      ACCEPTED_VERSIONS.from.join('.'),
      ACCEPTED_VERSIONS.before.join('.'),
    ),
    { hint: localize('Install a supported version with `nlvr runtime install`.') },
  );
}
