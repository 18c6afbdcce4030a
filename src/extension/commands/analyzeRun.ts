import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { checkUserSlices } from '../../analysis/userSlices';
import { phrase } from '../../util/phrase';
import { withCancellableProgress } from '../progress';
import { showReport } from '../reports';
import type { RunRegistry } from '../runs/runRegistry';
import type { Services } from '../services';
import { setting } from '../settings';
import { failureIn } from '../trainer/failure';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { choosePredictions } from './choosePredictions';
import { pickRun } from './pickRun';

/** "Analyze Predictions": the report of `nlvr analyze` with the slices of the settings, as a document. */
export async function analyzeRun(
  services: Services,
  runs: RunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const slices = checkUserSlices(setting('slices'), 'nlvr.slices');
  const none = vscode.l10n.t('There is no run with predictions.');
  const run = await pickRun(runs, calledOn, () => true, none);
  if (!run) return;
  const title = vscode.l10n.t('Analyze Predictions');
  const set = await choosePredictions(run.folder, run.info.name, title);
  if (!set) return;
  const folder = await mkdtemp(join(tmpdir(), 'nlvr-slices-'));
  try {
    const file = join(folder, 'slices.json');
    await writeFile(file, JSON.stringify(slices));
    const args = ['analyze', run.folder, '--split', set.split, '--slices', file];
    if (set.epoch !== null) args.push('--epoch', String(set.epoch));
    const program = await services.program();
    const report = await withCancellableProgress(
      vscode.l10n.t('Analyzing predictions'),
      async (signal) => {
        const { code, stdout, stderr } = await runProgram(program, args, { signal });
        if (code !== 0)
          throw failureIn(stderr, phrase('nlvr {0} ended with {1}', 'analyze', String(code)));
        return stdout;
      },
    );
    const epoch = set.epoch === null ? '' : ` ${vscode.l10n.t('epoch {0}', set.epoch + 1)}`;
    await showReport(services.context, `${run.info.name} ${set.split}${epoch}`, report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
