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
import { canEvaluate, isFree, requireIdle } from '../runs/resumable';
import { isActive } from '../runs/runRegistry';
import type { RefusedStarts } from '../runs/refusedStarts';
import type { WorkspaceRuns } from '../runs/workspaceRuns';
import { ensureRuntime } from '../runtimeSetup/setUpRuntime';
import type { Services } from '../services';
import { awaiting } from '../trainer/awaitedAttempts';
import { claimRunFolder, reserveFolder, type ReservedFolder } from '../trainer/newRunFolder';
import { endTree } from '../trainer/processTree';
import { startAttempt, type StartedAttempt } from '../trainer/startAttempt';
import { stopAtOnce } from '../trainer/stop';
import { requireTrust } from '../trust';
import { splitsOf, chooseTarget, targetOf, type Target } from './evaluationTarget';

const PROGRESS_MS = 1000;
const CANCEL_GRACE_MS = 3000;

interface EvaluateContext {
  services: Services;
  registry: FolderRunRegistry;
  found: WorkspaceRuns;
  refused: RefusedStarts;
}

/**
 * "Evaluate Checkpoint": a run's best checkpoint or any weights file, on the splits that the user picks. The
 * predictions of a run go into its own folder, in addition to those of its epochs; those of a weights file into a run of their
 * own. It runs on when the window is closed.
 * @param selected several runs, which are evaluated one after the other on the same splits; cancelling ends all of it
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

/** The selected runs that can be evaluated, or the one target that the command is about. */
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

/** One after the other: together they would share the machine. One that cannot be evaluated says why. */
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

/** @returns the folder with its predictions; `stopped` when it was cancelled, undefined when it did not succeed */
async function evaluateTarget(
  { services, registry, found, refused }: EvaluateContext,
  target: Target,
  splits: readonly Split[],
): Promise<{ folder: string } | 'stopped' | undefined> {
  const reserved = await reserve(registry, target);
  if (!reserved) return undefined;
  const { folder, release } = reserved;
  const isNew = target.folder === undefined;
  try {
    // Before it starts, so that it is found again when the window is closed meanwhile.
    if (isNew) await found.remember(folder);
    const evaluation = { target, folder, splits };
    let outcome = await evaluateInBackground(services, registry, evaluation);
    if (outcome?.allowedBy) {
      if (await evaluatesAnyway(outcome))
        outcome = await evaluateInBackground(services, registry, evaluation, [outcome.allowedBy]);
      else await dismiss(registry, refused, folder);
    }
    if (outcome?.state === 'stopped') return 'stopped';
    return outcome?.state === 'finished' ? { folder } : undefined;
  } finally {
    release();
    if (isNew && !registry.get(folder)) await found.forget(folder);
  }
}

/** The folder to write to; undefined when an evaluation of the same run is under way. */
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

/** The question has said why: a weights file whose evaluation never began leaves no run. */
async function dismiss(
  registry: FolderRunRegistry,
  refused: RefusedStarts,
  folder: string,
): Promise<void> {
  const run = registry.get(folder);
  if (run) await refused.remove(run);
}

/** Shows why it was refused, and asks whether to do it anyway. */
async function evaluatesAnyway(outcome: AttemptOutcome): Promise<boolean> {
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

/** @returns how it ended; what did not succeed is announced as for every attempt, unless `evaluatesAnyway` asks. */
async function evaluateInBackground(
  services: Services,
  registry: FolderRunRegistry,
  { target, folder, splits }: { target: Target; folder: string; splits: readonly Split[] },
  more: readonly string[] = [],
): Promise<AttemptOutcome | undefined> {
  const { configFile, checkpoint } = target;
  const program = await services.program(configFile);
  const args = ['evaluate', '--config', configFile, '--checkpoint', checkpoint];
  args.push('--split', splits.join(','), '--output_dir', folder, ...more);
  services.log.info(`starting nlvr ${args.join(' ')}`);
  const asked = { kind: 'evaluate', args, folder, configFile, cwd: dirname(configFile) } as const;
  const started = await startAttempt(program, asked);
  return awaiting(started.attempt.id, async () => {
    await registry.refresh(folder);
    const cancelled = await withProgress(services.log, started);
    // One that did not hear in time could not write how it ended.
    if (cancelled) await stopAtOnce(folder, localize('Stopped immediately, without saving.'));
    await registry.refresh(folder);
    return readAttemptFile(started.file)?.outcome ?? undefined;
  });
}

/** Shows how far it is until it ends. Cancelling ends it. @returns whether it was cancelled. */
async function withProgress(
  log: vscode.LogOutputChannel,
  { pid, file, ended }: StartedAttempt,
): Promise<boolean> {
  const title = vscode.l10n.t('Evaluating the checkpoint');
  let cancelled = false;
  await withCancellableProgress(title, async (signal, onLine) => {
    signal.addEventListener('abort', () => {
      cancelled = true;
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
  return cancelled;
}

/** Next to the runs of the configuration. */
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
