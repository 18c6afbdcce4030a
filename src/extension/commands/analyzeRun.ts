import * as vscode from 'vscode';
import type { PredictionSet } from '../../run/read/predictionSets';
import { isDemo } from '../demo/demoFolder';
import type { RunRegistry } from '../runs/runRegistry';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { ANALYSIS_VIEW } from '../viewTypes';
import { pickRun } from './pickRun';

/**
 * "Analyze Predictions": opens the panel on a run.
 * @param set the predictions to show, passed by another panel; by default the newest
 */
export async function analyzeRun(
  services: Services,
  runs: RunRegistry,
  calledOn: unknown,
  set?: unknown,
): Promise<void> {
  const none = vscode.l10n.t('There is no run with predictions.');
  const run = await pickRun(runs, calledOn, () => true, none, ANALYSIS_VIEW);
  if (!run) return;
  if (!isDemo(run.folder)) await requireTrust();
  const { openAnalysis, registerAnalysis } = await import('../analysis/panel');
  registerAnalysis(services);
  await openAnalysis(run.folder, isSet(set) ? set : {});
}

/** Views pass the selected elements as the second argument instead. */
function isSet(value: unknown): value is PredictionSet {
  return typeof value === 'object' && value !== null && 'split' in value && 'epoch' in value;
}
