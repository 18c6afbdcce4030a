import { version } from '../../package.json';
import { dumpConfig } from '../config/dump';
import { configPaths } from '../config/paths';
import { RunFolder } from '../run/runFolder';
import { acquireLock } from '../run/runLock';
import { RunWriter } from '../run/runWriter';
import type { TrainingPlan } from './plan';
import { resumableState } from './resume';
import type { TrainerState } from './trainerState';
import type { TrainingRequest } from './trainingTypes';

/** A run folder that is this process's, ready to be written. */
export interface OpenedRun {
  writer: RunWriter;
  /** Where the run goes on; undefined for one that begins. */
  resumed: TrainerState | undefined;
}

/**
 * Takes the run folder. Whether a run can go on is found out with its lock, and before anything is written: one that
 * cannot stays as it was.
 * @throws {UserError}
 */
export async function openRun(request: TrainingRequest, plan: TrainingPlan): Promise<OpenedRun> {
  const { loaded, mode, observe } = request;
  const { config, folder: configFolder } = loaded;
  const folder = new RunFolder(configPaths(config, configFolder).outputDir);
  const release = acquireLock(folder);
  try {
    const resumed = mode === 'resume' ? await resumableState(folder, loaded, plan) : undefined;
    const writer = RunWriter.open({
      root: folder.root,
      kind: 'train',
      configFile: loaded.file,
      configHash: loaded.hash,
      configText: dumpConfig(config, configFolder),
      version,
      mode,
      observe,
      release,
    });
    return { writer, resumed };
  } catch (error) {
    release();
    throw error;
  }
}
