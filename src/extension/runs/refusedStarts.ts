import type * as vscode from 'vscode';
import { removeRefusedStarts } from '../../run/record/refusedStarts';
import { RunFolder } from '../../run/runFolder';
import { messageOf } from '../../util/userError';
import { isRefusedStart } from './runWords';
import type { FolderRunRegistry } from './folderRegistry';
import type { Run } from './runRegistry';
import type { WorkspaceRuns } from './workspaceRuns';

const MOST_LOGGED = 4000;

/**
 * Runs that never began: their start was refused. They are shown until the person has read why; then nothing of them is
 * kept but the words in the log.
 */
export class RefusedStarts {
  constructor(
    private readonly registry: FolderRunRegistry,
    private readonly found: WorkspaceRuns,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The message was closed: the run goes as soon as no dashboard shows it. Does nothing for other runs. */
  async dismissed(run: Run): Promise<void> {
    if (!isRefusedStart(run)) return;
    const { whenClosed } = await import('../dashboard/panel');
    await whenClosed(run.folder);
    await this.removeUnchanged(run);
  }

  /** Immediately removes a run that never started, with its dashboard. Does nothing for other runs. */
  async remove(run: Run): Promise<void> {
    if (!isRefusedStart(run)) return;
    const { closeDashboards } = await import('../dashboard/panel');
    closeDashboards(run.folder);
    await this.removeUnchanged(run);
  }

  /** Unless it was tried again meanwhile. */
  private async removeUnchanged(run: Run): Promise<void> {
    const { folder, attempt } = run;
    await this.registry.refresh(folder);
    const now = this.registry.get(folder);
    if (!now || !isRefusedStart(now) || now.attempt?.id !== attempt?.id) return;
    try {
      const said = removeRefusedStarts(new RunFolder(folder));
      if (said === undefined) return;
      const why = [now.message, now.hint].filter((part) => part !== null).join(' ');
      this.log.warn(`${folder}: removed, its start was refused. ${why}`);
      if (said !== '') this.log.info(`trainer.log of ${folder}:\n${said.slice(-MOST_LOGGED)}`);
    } catch (error) {
      this.log.error(`${folder}: ${messageOf(error)}`);
    }
    await this.found.forget(folder);
    await this.registry.refresh(folder);
  }
}
