import {
  removeManaged,
  install as installLibrary,
  installSize,
} from '../../runtime/install/install';
import { findLibrary, managedFolder, managedLibrary } from '../../runtime/install/library';
import { runtimeStatus } from '../../runtime/install/runtimeStatus';
import { formatBytes } from '../../util/formatBytes';
import { storedAdvice, inEnglish } from '../../util/localize';
import { ExitCode } from '../../util/userError';
import { withStopSignal } from '../stopSignal';
import { createProgress, type Progress } from '../progress';
import { userPath } from '../userPath';

export interface StatusOptions {
  json?: boolean;
  tensorflow?: string;
}

/** `nlvr runtime status`. */
export async function status(options: StatusOptions): Promise<void> {
  const found = await runtimeStatus(
    options.tensorflow === undefined ? {} : { directory: options.tensorflow },
  );
  if (options.json) {
    const { library, size, version, gpu, problem, hint } = found;
    const line = {
      works: problem === null,
      version,
      directory: library?.directory ?? null,
      source: library?.source ?? null,
      size,
      gpu,
      ...(problem === null ? { message: null, hint: null } : storedAdvice(problem, hint)),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } else if (found.library) {
    const from = {
      option: 'the folder you named',
      environment: 'NLVR_TF_DIR',
      managed: 'installed by nlvr',
      python: 'a Python environment',
    }[found.library.source];
    process.stdout.write(
      [
        `TensorFlow ${found.version ?? '(version unknown)'}, ${from}`,
        `  folder  ${found.library.directory}`,
        ...(found.size === null ? [] : [`  size    ${formatBytes(found.size)}`]),
        ...(found.problem === null ? [`  works; GPU: ${found.gpu ? 'yes' : 'none'}`] : []),
        '',
      ].join('\n'),
    );
  }
  if (found.problem !== null) {
    process.exitCode = ExitCode.runtime;
    if (!options.json)
      process.stderr.write(
        `nlvr: ${[found.problem, found.hint].flatMap((words) => (words === null ? [] : [inEnglish(words)])).join(' ')}\n`,
      );
  }
}

export interface InstallOptions {
  gpu?: boolean;
  wheel: string[];
  json?: boolean;
}

/** `nlvr runtime install`. Does nothing when a library is already found; with `--gpu`, when the CUDA build is installed. */
export async function install(options: InstallOptions): Promise<void> {
  const gpu = options.gpu === true;
  const present = gpu
    ? managedLibrary(managedFolder('gpu'))
    : await findLibrary().catch(() => undefined);
  if (present) {
    if (!options.json)
      process.stdout.write(`TensorFlow is already installed: ${present.directory}\n`);
    return;
  }
  const size = installSize(gpu);
  if (!options.json)
    process.stdout.write(
      `Installing TensorFlow: ${formatBytes(size.download)} to download, ${formatBytes(size.installed)} on disk.\n`,
    );
  const bars = new Map<string, Progress>();
  const words = {
    downloading: 'Downloading',
    verifying: 'Checking',
    unpacking: 'Unpacking',
    testing: 'Testing',
  };
  await withStopSignal(async (signal) => {
    try {
      const library = await installLibrary({
        gpu,
        wheels: options.wheel.map((wheel) => userPath(wheel)),
        signal,
        onProgress: (progress) => {
          if (options.json) return void process.stdout.write(`${JSON.stringify(progress)}\n`);
          const { phase, done, total } = progress;
          if (!bars.has(phase)) for (const bar of bars.values()) bar.done();
          const bar = bars.get(phase) ?? createProgress(words[phase].padEnd(11));
          bars.set(phase, bar);
          bar.show(
            done,
            total,
            total > 1 ? `${formatBytes(done)} of ${formatBytes(total)}` : undefined,
          );
        },
      });
      for (const bar of bars.values()) bar.done();
      if (!options.json) process.stdout.write(`Installed in ${library.directory}\n`);
    } catch (error) {
      for (const bar of bars.values()) bar.done();
      if (!signal.aborted) throw error;
      process.exitCode = ExitCode.stopped;
    }
  });
}

/** `nlvr runtime remove`. */
export async function remove(): Promise<void> {
  const existed = await removeManaged();
  process.stdout.write(
    existed ? "Removed nlvr's copies of TensorFlow.\n" : 'There was nothing to remove.\n',
  );
}
