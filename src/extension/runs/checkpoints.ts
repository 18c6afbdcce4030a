import { join } from 'node:path';
import { RunFolder } from '../../run/runFolder';
import { pathExists } from '../../util/pathExists';

/** Which checkpoints of a run exist. */
export interface Checkpoints {
  /** Any checkpoint that can be evaluated. */
  readonly weights: boolean;
  /** The checkpoint from which a training resumes. */
  readonly last: boolean;
}

/** The checkpoint of an imported BLIP run. */
export const BLIP_CHECKPOINT = 'checkpoint_best.pth';

/** Finds the checkpoints in a run folder. */
export async function checkpointsOf(folder: string): Promise<Checkpoints> {
  const paths = new RunFolder(folder);
  const [best, blip, last, oldLast] = await Promise.all(
    [paths.best, join(folder, BLIP_CHECKPOINT), paths.last, paths.oldLast].map(pathExists),
  );
  return { weights: best || blip || last || oldLast, last: last || oldLast };
}
