import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { Split } from '../../run/events';
import { readAttemptFile, type AttemptOutcome } from '../../run/record/attempts';
import { localizedMessage } from '../../util/language';
import { localize } from '../../util/localize';
import { messageOf } from '../../util/userError';
import { showFailure } from '../log';
import { withCancellableProgress } from '../progress';
import { pickMany } from '../quickPick';
import type { FolderRunRegistry } from '../runs/folderRegistry';
import { canEvaluate, isFree, requireIdle } from '../runs/runActions';
import { isActive } from '../runs/runRegistry';
import type { RefusedStarts } from '../runs/refusedStarts';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { whileAwaiting } from '../trainer/awaitedAttempts';
import { claimRunFolder, reserveFolder, type ReservedFolder } from '../trainer/newRunFolder';
import { endTree } from '../trainer/processTree';
import { startAttempt, type StartedAttempt } from '../trainer/startAttempt';
import { killRun } from '../trainer/stop';
import { requireTrust } from '../trust';
import { splitsOf, chooseTarget, targetOf, type Target } from './evaluationTarget';

const PROGRESS_MS = 1000;
const CANCEL_GRACE_MS = 3000;

interface EvaluateContext {
  services: Services;
  registry: FolderRunRegistry;
  workspaceRuns: WorkspaceRuns;
  refused: RefusedStarts;
}

/**
 * "Evaluate Checkpoint": evaluates a run's best checkpoint or a weights file on the splits that the user picks. The
 * predictions of a run are saved in its folder, in addition to those of its epochs; those of a weights file in a new
 * run. The evaluation continues when the window is closed.
 * @param selected several runs to evaluate one after the other on the same splits; canceling ends all evaluations
 */
export async function evaluateCheckpoint(
  context: EvaluateContext,
  calledOn: unknown,
  selected?: unknown,
): Promise<void> {
  await requireTrust();
  const targets = await targetsOf(context.registry, calledOn, selected);
  const [first] = targets;
  if (!first) return;
  const splits = await chooseSplits(first.configFile);
  if (splits.length === 0 || !(await ensureRuntime(context.services, first.configFile))) return;
  if (targets.length > 1) return evaluateAll(context, targets, splits);
  const folder = await evaluateTarget(context, first, splits);
  if (folder === undefined || folder === 'stopped') return;
  const [split] = splits;
  const { openFailures, registerFailures } = await import('../failures/panel');
  registerFailures(context.services);
  await openFailures(folder.folder, { split, epoch: null });
}

/** The selected runs that can be evaluated, or the one target that the user chooses. */
async function targetsOf(
  registry: FolderRunRegistry,
  calledOn: unknown,
  selected: unknown,
): Promise<Target[]> {
  const folders: unknown[] = Array.isArray(selected) && selected.length > 1 ? selected : [];
  if (folders.length === 0) {
    const title = vscode.l10n.t('Evaluate Checkpoint');
    const target = await chooseTarget(registry, calledOn, title);
    return target ? [target] : [];
  }
  const targets: Target[] = [];
  for (const folder of folders) {
    const run = typeof folder === 'string' ? registry.get(folder) : undefined;
    const target = run && canEvaluate(run) ? await targetOf(run) : undefined;
    if (target) targets.push(target);
  }
  return targets;
}

/** Evaluates one target after the other, so that they do not share the machine. Shows why a target fails and continues. */
async function evaluateAll(
  context: EvaluateContext,
  targets: readonly Target[],
  splits: readonly Split[],
): Promise<void> {
  for (const target of targets)
    try {
      if ((await evaluateTarget(context, target, splits)) === 'stopped') return;
    } catch (error) {
      void showFailure(context.services.log, 'evaluate a run', error);
    }
}

/** @returns the folder with the predictions; `stopped` when canceled, undefined when it failed */
async function evaluateTarget(
  { services, registry, workspaceRuns, refused }: EvaluateContext,
  target: Target,
  splits: readonly Split[],
): Promise<{ folder: string } | 'stopped' | undefined> {
  const reserved = await reserve(registry, target);
  if (!reserved) return undefined;
  const { folder, release } = reserved;
  const isNew = target.folder === undefined;
  try {
    // Before it starts, so that the run is found again if the window is closed meanwhile.
    if (isNew) await workspaceRuns.remember(folder);
    const evaluation = { target, folder, splits };
    let outcome = await evaluateInBackground(services, registry, evaluation);
    if (outcome?.allowedBy) {
      if (await confirmEvaluateAnyway(outcome))
        outcome = await evaluateInBackground(services, registry, evaluation, [outcome.allowedBy]);
      else await removeRefused(registry, refused, folder);
    }
    if (outcome?.state === 'stopped') return 'stopped';
    return outcome?.state === 'finished' ? { folder } : undefined;
  } finally {
    release();
    if (isNew && !registry.get(folder)) await workspaceRuns.forget(folder);
  }
}

/** Reserves the folder to write to. @returns undefined when the same run is already being evaluated. */
async function reserve(
  registry: FolderRunRegistry,
  { folder, configFile }: Target,
): Promise<ReservedFolder | undefined> {
  if (folder === undefined)
    return claimRunFolder(await evaluationFolder(configFile), (each) =>
      registry.runs.some((run) => run.folder === each && isActive(run)),
    );
  await registry.refresh(folder);
  const run = registry.get(folder);
  const hint = localize('Stop it first, or wait until it ends.');
  if (run && !isFree(run)) requireIdle(run, hint);
  return reserveFolder(folder);
}

/** Removes the run of a refused evaluation; the dialog has shown why it was refused. */
async function removeRefused(
  registry: FolderRunRegistry,
  refused: RefusedStarts,
  folder: string,
): Promise<void> {
  const run = registry.get(folder);
  if (run) await refused.remove(run);
}

/** Shows why the evaluation was refused, and asks whether to evaluate anyway. */
async function confirmEvaluateAnyway(outcome: AttemptOutcome): Promise<boolean> {
  const anyway = vscode.l10n.t('Evaluate Anyway');
  const chosen = await vscode.window.showWarningMessage(
    localizedMessage({ message: '', ...outcome }),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Its answers would depend on random values. The predictions and metrics would be marked accordingly.',
      ),
    },
    anyway,
  );
  return chosen === anyway;
}

/** @returns the outcome. A failure is announced as for every attempt, unless `confirmEvaluateAnyway` asks. */
async function evaluateInBackground(
  services: Services,
  registry: FolderRunRegistry,
  { target, folder, splits }: { target: Target; folder: string; splits: readonly Split[] },
  extraArgs: readonly string[] = [],
): Promise<AttemptOutcome | undefined> {
  const { configFile, checkpoint } = target;
  const program = await services.program(configFile);
  const args = ['evaluate', '--config', configFile, '--checkpoint', checkpoint];
  args.push('--split', splits.join(','), '--output_dir', folder, ...extraArgs);
  services.log.info(`starting nlvr ${args.join(' ')}`);
  const request = { kind: 'evaluate', args, folder, configFile, cwd: dirname(configFile) } as const;
  const started = await startAttempt(program, request);
  return whileAwaiting(started.attempt.id, async () => {
    await registry.refresh(folder);
    const canceled = await withProgress(services.log, started);
    // A process that was killed could not record how it ended.
    if (canceled) await killRun(folder, localize('Stopped immediately, without saving.'));
    await registry.refresh(folder);
    return readAttemptFile(started.file)?.outcome ?? undefined;
  });
}

/** Shows the progress until the evaluation ends. @returns whether the user canceled it. */
async function withProgress(
  log: vscode.LogOutputChannel,
  { pid, file, ended }: StartedAttempt,
): Promise<boolean> {
  const title = vscode.l10n.t('Evaluating the checkpoint');
  let canceled = false;
  await withCancellableProgress(title, async (signal, onLine) => {
    signal.addEventListener('abort', () => {
      canceled = true;
      endTree(pid, CANCEL_GRACE_MS).catch((error: unknown) =>
        log.error(`end the evaluation: ${messageOf(error)}`),
      );
    });
    const timer = setInterval(() => {
      const share = readAttemptFile(file)?.progress ?? null;
      if (share !== null) onLine(`${Math.floor(share * 100)}%`);
    }, PROGRESS_MS);
    return ended.finally(() => clearInterval(timer));
  });
  return canceled;
}

/** The folder for the evaluation of a weights file, next to the runs of the configuration. */
async function evaluationFolder(configFile: string): Promise<string> {
  const { parseConfig } = await import('../../config/parse');
  const { configPaths } = await import('../../config/paths');
  const { config } = parseConfig(await readFile(configFile, 'utf8'));
  return `${configPaths(config, dirname(configFile)).outputDir}-eval`;
}

async function chooseSplits(configFile: string): Promise<Split[]> {
  const items = (await splitsOf(configFile)).map(({ split, file }) => {
    const description = vscode.workspace.asRelativePath(file);
    return { label: split, description, picked: split !== 'train', split };
  });
  const picked = await pickMany(items, {
    title: vscode.l10n.t('Evaluate Checkpoint'),
    placeHolder: vscode.l10n.t('Which splits?'),
    remember: { list: 'splits', keyOf: ({ split }) => split },
  });
  return picked?.map(({ split }) => split) ?? [];
}
