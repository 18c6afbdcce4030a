import * as vscode from 'vscode';
import { checkUserSlices } from '../../analysis/userSlices';
import type { PredictionSet } from '../../run/read/predictionSets';
import { localize } from '../../util/localize';
import { withCancellableProgress } from '../progress';
import { showReport } from '../reports';
import type { Services } from '../services';
import { setting } from '../settings';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { withSlicesFile } from './slicesFile';

/** Opens the report of `nlvr analyze` on predictions, with the slices of the settings, as a document. */
export async function showAnalysisText(
  services: Services,
  runFolder: string,
  name: string,
  set: PredictionSet,
): Promise<void> {
  await requireTrust();
  const slices = checkUserSlices(setting('slices'), 'nlvr.slices');
  const report = await withSlicesFile(slices, async (file) => {
    const args = ['analyze', runFolder, '--split', set.split, '--slices', file];
    if (set.epoch !== null) args.push('--epoch', String(set.epoch));
    const program = await services.program();
    return withCancellableProgress(vscode.l10n.t('Analyzing predictions'), async (signal) => {
      const { code, stdout, stderr } = await runProgram(program, args, { signal });
      if (code !== 0)
        throw commandError(stderr, localize('nlvr {0} ended with {1}', 'analyze', String(code)));
      return stdout;
    });
  });
  const epoch = set.epoch === null ? '' : ` ${vscode.l10n.t('epoch {0}', set.epoch + 1)}`;
  await showReport(services.context, `${name} ${set.split}${epoch}`, report);
}
