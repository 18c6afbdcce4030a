import { isUrl } from '../../config/paths';
import type { NlvrModelConfig } from '../../model/config';
import { loadWeights } from '../../model/loadWeights';
import type { LoadReport } from '../../model/loadRules';
import { requireWhole } from '../../model/wholeModel';

/**
 * Opens weights once before an output folder is touched, so that a wrong path leaves nothing behind.
 * @param allowMissing whether the model may keep random values where the weights have none, as a training may.
 * @returns what they hold for the model; undefined where there are none, and for an address.
 * @throws {UserError} when they are missing or damaged, do not fit the model, or must be whole and are not.
 */
export async function checkWeights(
  source: string | undefined,
  model: NlvrModelConfig,
  allowMissing: boolean,
): Promise<LoadReport | undefined> {
  // An address is downloaded when the run has begun, where its progress is seen.
  if (source === undefined || isUrl(source)) return undefined;
  const weights = await loadWeights(source, model);
  await weights.close();
  if (!allowMissing) requireWhole(weights.report);
  return weights.report;
}
