import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Split } from '../../run/events';
import { listSets } from '../../run/read/predictionSets';
import { localized } from '../../util/language';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { withCancellableProgress } from '../progress';
import { pickOne } from '../quickPick';
import { showReport } from '../reports';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { commandError } from '../trainer/commandError';
import { runProgram } from '../trainer/process';
import { requireTrust } from '../trust';
import { splitsOf, targetOf, type Target } from './evaluationTarget';
import { pickRun } from './pickRun';

/** Sample sizes to choose from, in examples; a base model on a CPU takes seconds per example. */
const SAMPLE_SIZES = [200, 1000];

interface RobustnessRequest {
  target: Target;
  split: Split;
  /** Examples to draw; null for all. */
  limit: number | null;
}

/**
 * "Test Robustness": evaluates a run's checkpoint on changed pairs in a separate process and shows the result. The
 * result is saved in the run folder, unless the test is canceled.
 */
export async function testRobustness(
  services: Services,
  registry: FolderRunRegistry,
  calledOn: unknown,
): Promise<void> {
  await requireTrust();
  const none = vscode.l10n.t('There is no run with a checkpoint.');
  const fits = (run: { checkpoints?: { weights: boolean } }): boolean =>
    run.checkpoints?.weights === true;
  const run = await pickRun(registry, calledOn, fits, none);
  const target = run && (await targetOf(run));
  if (!run || !target) return;
  const split = await chooseSplit(target.configFile);
  if (split === undefined) return;
  const limit = await chooseLimit();
  if (limit === undefined || !(await ensureRuntime(services, target.configFile))) return;
  const report = await runWithConfirmation(services, { target, split, limit });
  if (report === undefined) return;
  // The panel requires predictions; a run that was never evaluated has none.
  if ((await listSets(run.folder)).length === 0)
    return showReport(services.context, `${run.info.name} ${split} robustness`, report);
  const { openAnalysis, registerAnalysis } = await import('../analysis/panel');
  registerAnalysis(services);
  await openAnalysis(run.folder, {}, 'robustness');
}

/** Runs `nlvr robustness`. @returns its report; undefined when the user declined to test an incomplete model. */
async function runWithConfirmation(
  services: Services,
  asked: RobustnessRequest,
): Promise<string | undefined> {
  try {
    return await runRobustness(services, asked);
  } catch (error) {
    if (!(error instanceof UserError) || error.allowedBy === undefined) throw error;
    const anyway = vscode.l10n.t('Test Anyway');
    const chosen = await vscode.window.showWarningMessage(
      localized(error.messageText),
      {
        modal: true,
        detail: vscode.l10n.t(
          'Its answers would depend on random weights. The result would say so.',
        ),
      },
      anyway,
    );
    if (chosen !== anyway) return undefined;
    return runRobustness(services, asked, [error.allowedBy]);
  }
}

async function runRobustness(
  services: Services,
  { target: { checkpoint, configFile, folder }, split, limit }: RobustnessRequest,
  extraArgs: readonly string[] = [],
): Promise<string> {
  const program = await services.program(configFile);
  const args = ['robustness', checkpoint, '--config', configFile, '--split', split, ...extraArgs];
  if (folder !== undefined) args.push('--output_dir', folder);
  if (limit !== null) args.push('--limit', String(limit));
  services.log.info(`starting nlvr ${args.join(' ')}`);
  return withCancellableProgress(
    vscode.l10n.t('Testing robustness'),
    async (signal, onErrorLine) => {
      const cwd = dirname(configFile);
      const outcome = await runProgram(program, args, { cwd, signal, onErrorLine });
      const { code, stdout, stderr } = outcome;
      if (code !== 0)
        throw commandError(stderr, localize('nlvr {0} ended with {1}', 'robustness', String(code)));
      return stdout;
    },
  );
}

/** @returns undefined when the user canceled. */
async function chooseSplit(configFile: string): Promise<Split | undefined> {
  const splits = await splitsOf(configFile);
  if (splits.length === 0)
    throw new UserError(localize('{0} specifies no existing annotations.', configFile), {
      hint: localize('Set ann_files to the annotations of val or test.'),
    });
  const items = splits.map(({ split, file }) => ({
    label: split,
    description: vscode.workspace.asRelativePath(file),
    split,
  }));
  if (items.length === 1) return items[0].split;
  const picked = await pickOne(items, {
    title: vscode.l10n.t('Test Robustness'),
    placeHolder: vscode.l10n.t('Which split?'),
    remember: { list: 'robustnessSplit', keyOf: ({ split: each }) => each },
  });
  return picked?.split;
}

/** @returns null for all examples, undefined when the user canceled. */
async function chooseLimit(): Promise<number | null | undefined> {
  const items: (vscode.QuickPickItem & { limit: number | null })[] = [
    ...SAMPLE_SIZES.map((limit) => ({
      label: vscode.l10n.t('{0} examples', limit.toLocaleString()),
      description: vscode.l10n.t('a random sample, the same examples each time'),
      limit,
    })),
    { label: vscode.l10n.t('All examples'), limit: null },
  ];
  const picked = await pickOne(items, {
    title: vscode.l10n.t('Test Robustness'),
    placeHolder: vscode.l10n.t('How many examples? Each is asked about six times.'),
    remember: { list: 'robustnessLimit', keyOf: ({ limit }) => String(limit) },
  });
  return picked?.limit;
}
