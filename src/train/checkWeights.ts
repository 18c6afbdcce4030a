import { isUrl } from '../config/paths';
import { openCheckpoint } from '../model/checkpoint/openCheckpoint';
import { locateWeights } from '../model/loadWeights';

/**
 * Opens weights once before an output folder is touched, so that a wrong path leaves nothing behind.
 * @throws {UserError} when they are missing or damaged.
 */
export async function checkWeights(source: string | undefined): Promise<void> {
  // An address is downloaded when the run has begun, where its progress is seen.
  if (source === undefined || isUrl(source)) return;
  await (await openCheckpoint(await locateWeights(source))).close();
}
