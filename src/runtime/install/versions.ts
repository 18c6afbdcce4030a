import { localize } from '../../util/localize';
import { RuntimeUnusableError } from '../errors';

/**
 * TensorFlow versions that are accepted, from (inclusive) and before (exclusive).
 *
 * The runtime's tests pass with 2.16, 2.18, 2.20 and 2.21, the first and last of the range known so far. Older
 * ones were not tried; a TensorFlow 3 may break what minor versions keep.
 */
const ACCEPTED_VERSIONS = { from: [2, 16], before: [3, 0] } as const;

/** @throws RuntimeUnusableError where the version is out of range */
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
