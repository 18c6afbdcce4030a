import type * as vscode from 'vscode';
import { removeRefusedStarts } from '../../run/record/refusedStarts';
import { RunFolder } from '../../run/runFolder';
import { messageOf } from '../../util/userError';
import { isRefusedStart } from './runText';
import type { FolderRunRegistry } from './folderRegistry';
import type { Run } from './runRegistry';
import type { WorkspaceRuns } from './workspaceRuns';

const MAX_LOGGED = 4000;

/**
 * Removes runs that never began because their start was refused. They are shown until the user has dismissed the message;
 * then only the log has a record of them.
 */
export class RefusedStarts {
  constructor(
    private readonly registry: FolderRunRegistry,
    private readonly workspaceRuns: WorkspaceRuns,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Call when the message was closed. Removes the run when no dashboard shows it. Does nothing for other runs. */
  async dismissed(run: Run): Promise<void> {
    if (!isRefusedStart(run)) return;
    const { whenClosed } = await import('../dashboard/panel');
    await whenClosed(run.folder);
    await this.removeUnchanged(run);
  }

  /** Removes a run that never started immediately, and closes its dashboard. Does nothing for other runs. */
  async remove(run: Run): Promise<void> {
    if (!isRefusedStart(run)) return;
    const { closeDashboards } = await import('../dashboard/panel');
    closeDashboards(run.folder);
    await this.removeUnchanged(run);
  }

  /** Removes the run unless another start was attempted meanwhile. */
  private async removeUnchanged(run: Run): Promise<void> {
    const { folder, attempt } = run;
    await this.registry.refresh(folder);
    const now = this.registry.get(folder);
    if (!now || !isRefusedStart(now) || now.attempt?.id !== attempt?.id) return;
    try {
      const output = removeRefusedStarts(new RunFolder(folder));
      if (output === undefined) return;
      const why = [now.message, now.hint].filter((part) => part !== null).join(' ');
      this.log.warn(`${folder}: removed, its start was refused. ${why}`);
      if (output !== '') this.log.info(`trainer.log of ${folder}:\n${output.slice(-MAX_LOGGED)}`);
    } catch (error) {
      this.log.error(`${folder}: ${messageOf(error)}`);
    }
    await this.workspaceRuns.forget(folder);
    await this.registry.refresh(folder);
  }
}
