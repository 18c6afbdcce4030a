import { version } from '../../package.json';
import { dumpConfig } from '../config/dump';
import type { ConfigChange } from '../run/record/attempts';
import type { RunFolder } from '../run/runFolder';
import type { HeldLock } from '../run/record/runLock';
import { RunWriter, type RunMode } from '../run/record/runWriter';
import { configChanges } from './configChanges';
import type { TrainingPlan } from './plan';
import { resumableState } from './resume';
import type { TrainerState } from './state';
import type { TrainingRequest } from './types';

/** A run that is open for writing. */
export interface OpenedRun {
  writer: RunWriter;
  /** Position where the run resumes; undefined for a new run. */
  resumed: TrainerState | undefined;
  /** Changes of the run's configuration since its last attempt. */
  changes: readonly ConfigChange[];
}

/**
 * Opens the run for writing. Checks first whether it can be resumed, so that a run that cannot is not changed.
 * @param lock the folder's lock, which is released when this fails
 * @throws {UserError}
 */
export async function openRun(
  { loaded, observe, attempt }: TrainingRequest,
  { folder, lock, mode }: { folder: RunFolder; lock: HeldLock; mode: RunMode },
  plan: TrainingPlan,
): Promise<OpenedRun> {
  try {
    const resumed = mode === 'resume' ? await resumableState(folder, loaded, plan) : undefined;
    const continues = mode === 'resume' || mode === 'restart';
    const changes = continues ? configChanges(folder, loaded) : [];
    attempt?.plan(continues ? 'resume' : 'train', changes);
    const writer = RunWriter.open({
      root: folder.root,
      kind: 'train',
      configFile: loaded.file,
      configHash: loaded.hash,
      configText: dumpConfig(loaded.config, loaded.folder),
      version,
      mode,
      observe,
      lock,
      ...(attempt && { attempt }),
    });
    return { writer, resumed, changes };
  } catch (error) {
    lock.release();
    throw error;
  }
}
