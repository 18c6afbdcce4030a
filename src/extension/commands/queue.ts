/** The commands of the queue view. */
import * as vscode from 'vscode';
import type { TrainingQueue } from '../queue/trainingQueue';

function idsOf(calledOn: unknown, selected: unknown): string[] {
  const all: unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [calledOn];
  return all.filter((each) => typeof each === 'string');
}

export async function moveInQueue(
  queue: TrainingQueue,
  calledOn: unknown,
  by: -1 | 1,
): Promise<void> {
  if (typeof calledOn === 'string') await queue.shift(calledOn, by);
}

export async function removeFromQueue(
  queue: TrainingQueue,
  calledOn: unknown,
  selected: unknown,
): Promise<void> {
  await queue.remove(idsOf(calledOn, selected));
}

export async function emptyQueue(queue: TrainingQueue): Promise<void> {
  const count = queue.items.length;
  if (count === 0) return;
  const empty = vscode.l10n.t('Empty Queue');
  const chosen = await vscode.window.showWarningMessage(
    count === 1
      ? vscode.l10n.t('Remove the training from the queue?')
      : vscode.l10n.t('Remove {0} trainings from the queue?', count),
    { modal: true },
    empty,
  );
  if (chosen === empty) await queue.clear();
}
