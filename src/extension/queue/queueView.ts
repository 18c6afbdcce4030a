import * as vscode from 'vscode';
import type { QueuedTraining, TrainingQueue } from './trainingQueue';

const MIME = 'application/vnd.code.tree.nlvr.queue';

/** The queue view: queued trainings, which can be reordered by drag and drop or by commands. */
export class QueueView
  implements
    vscode.TreeDataProvider<string>,
    vscode.TreeDragAndDropController<string>,
    vscode.Disposable
{
  readonly dropMimeTypes = [MIME];
  readonly dragMimeTypes = [MIME];
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables: { dispose(): void }[];

  constructor(private readonly queue: TrainingQueue) {
    const tree = vscode.window.createTreeView('nlvr.queue', {
      treeDataProvider: this,
      dragAndDropController: this,
      canSelectMany: true,
      showCollapseAll: false,
    });
    this.disposables = [tree, this.changed, queue.onDidChange(() => this.changed.fire())];
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  getChildren(id?: string): string[] {
    return id === undefined ? this.queue.items.map((item) => item.id) : [];
  }

  getTreeItem(id: string): vscode.TreeItem {
    const items = this.queue.items;
    const place = items.findIndex((each) => each.id === id);
    const item = items.at(place);
    if (place < 0 || !item) return new vscode.TreeItem(id);
    const name = vscode.workspace.asRelativePath(item.configFile);
    const shown = new vscode.TreeItem(name);
    shown.id = id;
    shown.description = item.changes.join(', ');
    shown.iconPath = new vscode.ThemeIcon('watch');
    shown.contextValue = 'queued';
    shown.tooltip = tooltipOf(item);
    shown.accessibilityInformation = {
      label: vscode.l10n.t('{0}, position {1} in the queue', name, place + 1),
    };
    return shown;
  }

  handleDrag(ids: readonly string[], data: vscode.DataTransfer): void {
    data.set(MIME, new vscode.DataTransferItem(ids));
  }

  async handleDrop(before: string | undefined, data: vscode.DataTransfer): Promise<void> {
    const ids: unknown = data.get(MIME)?.value;
    if (Array.isArray(ids))
      await this.queue.move(
        ids.filter((id) => typeof id === 'string'),
        before,
      );
  }
}

function tooltipOf({ configFile, changes, added, outputDir }: QueuedTraining): string {
  return [
    configFile,
    ...changes,
    vscode.l10n.t('trains into {0}', outputDir),
    vscode.l10n.t('queued {0}', new Date(added).toLocaleString(vscode.env.language)),
  ].join('\n');
}
