/** Runs commands on one or several processes: torchrun's flags, the launcher and the ranks. */
import type { Config } from '../config/definition';
import { launch, STOP_MESSAGE } from '../distributed/launcher';
import {
  toFailure,
  joinProcessGroup,
  SINGLE_PROCESS,
  type ProcessGroup,
} from '../distributed/processGroup';
import {
  distributedSettings,
  type DistributedFlags,
  type LaunchSettings,
} from '../distributed/settings';
import { exitNow } from '../runtime/machine/exitNow';
import { visibleGpus } from '../runtime/machine/gpus';
import { inEnglish, localize } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';
import { report } from './report';

export interface GroupOptions extends DistributedFlags {
  /** Seconds that the ranks wait for each other at startup. */
  rdzv_timeout?: number;
}

/** Settings of the launcher, with the number of ranks on this machine. */
export type LaunchPlan = LaunchSettings & { nprocPerNode: number };

interface GroupCommand {
  /** Called by the launcher once on this machine, before it starts the ranks. */
  beforeLaunch?: (plan: LaunchPlan) => Promise<void>;
  /** The command itself, on each rank. */
  run: (group: ProcessGroup, stopSignal?: AbortSignal) => Promise<void>;
}

/**
 * Runs a command in this process, as the rank that the environment specifies, or launches several processes for it.
 * @throws {UserError} (exit code 2) when the settings are invalid or the rendezvous fails
 */
export async function inProcessGroup(options: GroupOptions, command: GroupCommand): Promise<void> {
  const settings = distributedSettings(options, process.env);
  if (settings.kind === 'launch') {
    const nprocPerNode =
      settings.nprocPerNode === 'auto' ? Math.max(1, visibleGpus().length) : settings.nprocPerNode;
    if (nprocPerNode * settings.nnodes > 1) {
      const plan = { ...settings, nprocPerNode };
      await command.beforeLaunch?.(plan);
      process.exitCode = await launch({
        settings: plan,
        command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
        print: (text) => process.stderr.write(`nlvr: ${inEnglish(text)}\n`),
      });
      return;
    }
  }
  if (settings.kind !== 'rank') {
    await command.run(SINGLE_PROCESS);
    return;
  }
  const group = await joinProcessGroup(settings, {
    ...(options.rdzv_timeout !== undefined && { timeoutMs: options.rdzv_timeout * 1000 }),
    onWaiting: (text) => process.stderr.write(`${text}\n`),
  });
  let code: number;
  try {
    await command.run(group, launcherStopSignal());
    code = Number(process.exitCode ?? ExitCode.done);
  } catch (error) {
    code = report(error, false);
    await group.fail(toFailure(error, group.rankSpec));
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // A TensorFlow call that waits for a lost rank never returns and would keep the process alive.
  exitNow(code);
}

/** Waits until a stream has written its buffer or is closed. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else {
      stream.once('close', resolve);
      stream.write('', () => resolve());
    }
  });
}

/** Returns a signal that aborts when the launcher requests a stop. A rank ends when its launcher has ended. */
function launcherStopSignal(): AbortSignal {
  const controller = new AbortController();
  process.on('message', (message) => message === STOP_MESSAGE && controller.abort());
  process.on('disconnect', () => exitNow(ExitCode.failed));
  process.channel?.unref();
  return controller.signal;
}

/** @throws {UserError} when the machine has GPUs, but fewer than `processes`, which need one each */
export function requireGpus(device: Config['device'], processes: number): void {
  if (device === 'cpu') return;
  const gpus = visibleGpus().length;
  if (gpus >= processes || (gpus === 0 && device === 'auto')) return;
  throw new UserError(
    localize('{0} processes need one GPU each; {1} can be used here.', processes, gpus),
    {
      hint: localize(
        'Lower --nproc_per_node, check CUDA_VISIBLE_DEVICES, or train on the CPU with --device cpu.',
      ),
    },
  );
}
