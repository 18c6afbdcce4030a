import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { localized } from '../../util/language';
import { inEnglish, localize, type MessageText } from '../../util/localize';
import { UserError } from '../../util/userError';
import { formatBytes } from '../../util/formatBytes';
import { shareWork } from '../sharedWork';
import { isActive } from '../runs/runRegistry';
import { setContext } from '../runs/workspaceRuns';
import type { Services } from '../services';
import { commandError } from '../trainer/commandError';
import { runProgram, type Program } from '../trainer/process';
import { requireTrust } from '../trust';
import { parseProgress, parseStatus, type RuntimeStatus } from './runtimeReport';

/** Programs whose runtime works, cached because the check starts a process and loads the library. */
const workingPrograms = new WeakSet<Program>();

/** Checks the TensorFlow runtime that the trainer finds. */
export async function runtimeStatus(program: Program): Promise<RuntimeStatus> {
  const { stdout, stderr, code } = await runProgram(program, ['runtime', 'status', '--json']);
  const status = parseStatus(stdout, stderr, code);
  if (status.works) {
    workingPrograms.add(program);
    await setContext('nlvr.hasRuntime', true);
  }
  return status;
}

/**
 * Ensures that there is a working runtime; otherwise shows what is missing and offers to install it.
 * @returns false when the user declined.
 */
export async function ensureRuntime(services: Services, configFile: string): Promise<boolean> {
  const program = await services.program(configFile);
  if (workingPrograms.has(program)) return true;
  const status = await runtimeStatus(program);
  if (status.works) return true;
  services.log.warn(`runtime: ${inEnglish(status.message ?? 'missing')}`);
  return offerInstall(services, status.message);
}

/** "Set Up TensorFlow Runtime": shows the installed runtime and offers to change it, or installs one. */
export async function setUpRuntime(services: Services): Promise<void> {
  await requireTrust();
  const program = await services.program();
  const status = await runtimeStatus(program);
  if (!status.works) {
    await offerInstall(services, status.message);
    return;
  }
  const change = vscode.l10n.t('Change…');
  const remove = vscode.l10n.t('Remove');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('TensorFlow {0} is ready.', status.version ?? ''),
    change,
    // Only the copy that was installed here may be removed.
    ...(status.managed ? [remove] : []),
  );
  if (chosen === change) await offerInstall(services, null);
  if (chosen === remove) await removeRuntime(services, program, status);
}

/** Removes the installed copy after a confirmation. */
async function removeRuntime(
  { runs }: Services,
  program: Program,
  { version, directory }: RuntimeStatus,
): Promise<void> {
  const active = runs.runs.find(isActive);
  if (active)
    throw new UserError(localize('{0} uses the TensorFlow library now.', active.info.name), {
      hint: localize('Stop it first, or wait until it ends.'),
    });
  const remove = vscode.l10n.t('Remove');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('Remove TensorFlow {0}?', version ?? ''),
    {
      modal: true,
      detail: vscode.l10n.t(
        '{0} is deleted. The next training offers to install the library again.',
        directory ?? '',
      ),
    },
    remove,
  );
  if (chosen !== remove) return;
  const { code, stderr } = await runProgram(program, ['runtime', 'remove']);
  if (code !== 0)
    throw commandError(stderr, localize('nlvr {0} ended with {1}', 'runtime remove', String(code)));
  workingPrograms.delete(program);
  void vscode.window.showInformationMessage(
    vscode.l10n.t('TensorFlow {0} was removed.', version ?? ''),
  );
}

async function offerInstall(services: Services, problem: MessageText | null): Promise<boolean> {
  const cpu = vscode.l10n.t('Install (274 MB)');
  const gpu = vscode.l10n.t('Install for NVIDIA GPU (3 GB)');
  const setting = vscode.l10n.t('Choose a Folder…');
  const buttons = (await hasNvidiaGpu()) ? [gpu, cpu, setting] : [cpu, setting];
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('Training needs the TensorFlow library.'),
    {
      modal: true,
      detail: [
        problem === null ? '' : localized(problem),
        vscode.l10n.t(
          'pip downloads it once into your cache folder, with your mirrors and proxies. Training does not use Python.',
        ),
      ]
        .filter((line) => line !== '')
        .join('\n\n'),
    },
    ...buttons,
  );
  if (chosen === setting) {
    await vscode.commands.executeCommand('workbench.action.openSettings', 'nlvr.tensorflowPath');
    return false;
  }
  if (chosen === undefined) return false;
  await install(services, chosen === gpu);
  return true;
}

/** @throws {UserError} when the installation fails, {vscode.CancellationError} when it is canceled. */
function install(services: Services, gpu: boolean): Promise<void> {
  return shareWork('install the runtime', () => installNow(services, gpu));
}

async function installNow(services: Services, gpu: boolean): Promise<void> {
  const program = await services.program();
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Installing the TensorFlow runtime'),
      cancellable: true,
    },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
      let shown = 0;
      let phase = '';
      const onLine = (line: string): void => {
        const step = parseProgress(line);
        if (!step) return;
        if (step.phase !== phase) {
          phase = step.phase;
          // The progress bar fills once in total; the message shows the progress of later phases.
          services.log.info(`runtime: ${phase}`);
        }
        const percent = step.total ? (100 * step.done) / step.total : 0;
        const inBytes = step.total !== null && step.total > 1;
        const size = inBytes ? ` ${formatBytes(step.done)} / ${formatBytes(step.total ?? 0)}` : '';
        const message = `${phaseLabel(phase)}${size}`;
        progress.report({ message, increment: Math.max(0, percent - shown) });
        shown = Math.max(shown, percent);
      };
      const args = ['runtime', 'install', '--json', ...(gpu ? ['--gpu'] : [])];
      const { code, stderr } = await runProgram(program, args, { signal: abort.signal, onLine });
      if (code !== 0)
        throw commandError(
          stderr,
          localize('nlvr {0} ended with {1}', 'runtime install', String(code)),
        );
    },
  );
  const status = await runtimeStatus(program);
  if (!status.works)
    throw new UserError(
      status.message ?? localize('The installed TensorFlow library does not work.'),
    );
  void vscode.window.showInformationMessage(
    vscode.l10n.t('TensorFlow {0} is ready.', status.version ?? ''),
  );
}

/** Label of a phase of `nlvr runtime install`. */
function phaseLabel(phase: string): string {
  switch (phase) {
    case 'downloading':
      return vscode.l10n.t('downloading');
    case 'verifying':
      return vscode.l10n.t('checking');
    case 'unpacking':
      return vscode.l10n.t('unpacking');
    case 'testing':
      return vscode.l10n.t('testing');
    default:
      return phase;
  }
}

async function hasNvidiaGpu(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['-L'], { timeout: 5000 });
    return stdout.includes('GPU');
  } catch {
    return false;
  }
}
