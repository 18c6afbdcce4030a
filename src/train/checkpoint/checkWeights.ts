import { isUrl } from '../../config/paths';
import type { NlvrModelConfig } from '../../model/config';
import { loadWeights } from '../../model/loadWeights';
import type { LoadReport } from '../../model/loadRules';
import { requireAllParameters } from '../../model/weightChecks';

/**
 * Checks weights before anything is written, by opening them once.
 * @param allowMissing whether parameters may be missing, as at the start of a training.
 * @returns the report of BLIP's load rules; undefined without weights, and for an address.
 * @throws {UserError} when the file is missing or damaged, does not fit the model, or lacks parameters.
 */
export async function checkWeights(
  source: string | undefined,
  model: NlvrModelConfig,
  allowMissing: boolean,
): Promise<LoadReport | undefined> {
  // An address is downloaded after the run has started, which shows the progress.
  if (source === undefined || isUrl(source)) return undefined;
  const weights = await loadWeights(source, model);
  await weights.close();
  if (!allowMissing) requireAllParameters(weights.report);
  return weights.report;
}
