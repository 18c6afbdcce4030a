/** Writes and reads the checkpoints of a run. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Session } from '../../runtime/session';
import { momentNames } from '../../runtime/optimizer/adamW';
import type { CheckpointFile } from '../../model/checkpoint/checkpointFile';
import { openCheckpoint } from '../../model/checkpoint/openCheckpoint';
import { originMetadata, type CheckpointOrigin } from '../../model/checkpointOrigin';
import { finiteValues } from '../../model/weightChecks';
import { writeSafetensors } from '../../model/checkpoint/safetensorsWriter';
import type { RunFolder } from '../../run/runFolder';
import { syncFolder, writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { assignValues } from './assignValues';
import { TRAINER_STATE_VERSION, type TrainerState } from '../state';

/** What a checkpoint is made of. */
export interface CheckpointSource {
  session: Session;
  /** Weights by BLIP's names. */
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Names of the weights that have optimizer moments. */
  trainable: readonly string[];
  /** Metadata of the file; epoch and step are added when it is written. */
  origin: Pick<CheckpointOrigin, 'model' | 'run'>;
}

/**
 * Writes the weights by BLIP's names, atomically.
 * @param at position of the training; null outside of a training.
 * @returns size of the file in bytes.
 */
export async function saveWeights(
  { session, shapes, origin }: CheckpointSource,
  file: string,
  at: Pick<TrainerState, 'epoch' | 'step'> | null,
): Promise<number> {
  const metadata = originMetadata({ ...origin, epoch: at?.epoch ?? null, step: at?.step ?? null });
  await writeSafetensors(file, shapes, session.readAll([...shapes.keys()]), metadata);
  return statSync(file).size;
}

/**
 * Replaces `checkpoint_last/`. The new folder is written and synced under another name, then the old one is renamed, the new
 * one is renamed to `checkpoint_last`, and the old one is removed: `lastCheckpointOf` finds a complete one at any time.
 * @returns number of bytes written.
 */
export async function saveLastCheckpoint(
  source: CheckpointSource,
  folder: RunFolder,
  state: TrainerState,
): Promise<number> {
  const fresh = folder.newLast;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  try {
    const weights = await saveWeights(
      source,
      join(fresh, 'model.safetensors'),
      positionOfWeights(state),
    );
    const shapes = momentShapes(source.shapes, source.trainable);
    const optimizer = join(fresh, 'optimizer.safetensors');
    await writeSafetensors(optimizer, shapes, source.session.readAll([...shapes.keys()]));
    writeFileAtomic(join(fresh, 'trainer.json'), JSON.stringify(state, null, 2) + '\n');
    const old = folder.oldLast;
    if (existsSync(folder.last)) {
      rmSync(old, { recursive: true, force: true });
      renameSync(folder.last, old);
    }
    renameSync(fresh, folder.last);
    syncFolder(folder.root);
    rmSync(old, { recursive: true, force: true });
    return weights + statSync(join(folder.last, 'optimizer.safetensors')).size;
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}

/** Epoch and step of the weights; between two epochs, the epoch that is done. */
function positionOfWeights({
  epoch,
  batch,
  step,
}: TrainerState): Pick<TrainerState, 'epoch' | 'step'> {
  return { epoch: batch === 0 && epoch > 0 ? epoch - 1 : epoch, step };
}

/** The folder of the last complete checkpoint, if there is one. */
export function lastCheckpointOf(folder: RunFolder): string | undefined {
  return [folder.last, folder.oldLast].find((path) => existsSync(join(path, 'trainer.json')));
}

/**
 * Assigns weights and moments of the last checkpoint.
 * @throws {UserError} when there is none, it is damaged, or it belongs to another configuration.
 */
export async function restoreLastCheckpoint(
  source: CheckpointSource,
  folder: RunFolder,
): Promise<void> {
  const path = requireLastCheckpoint(folder);
  const { session, shapes, trainable } = source;
  await restore(session, join(path, 'model.safetensors'), shapes);
  const moments = momentShapes(shapes, trainable);
  for (const [name, shape] of moments) session.variable(name, shape, 'zeros');
  await restore(session, join(path, 'optimizer.safetensors'), moments);
}

/**
 * Checks the shapes of the last checkpoint against the model, without reading values.
 * @throws {UserError} when it is damaged or belongs to another configuration.
 */
export async function requireFitting(
  folder: RunFolder,
  shapes: ReadonlyMap<string, readonly number[]>,
  trainable: readonly string[],
): Promise<void> {
  const path = requireLastCheckpoint(folder);
  for (const [name, expected] of [
    ['model.safetensors', shapes],
    ['optimizer.safetensors', momentShapes(shapes, trainable)],
  ] as const) {
    const checkpoint = await openCheckpoint(join(path, name));
    try {
      requireShapes(checkpoint, expected);
    } finally {
      await checkpoint.close();
    }
  }
}

/** Reads `trainer.json` of the last checkpoint. @throws {UserError} */
export function readLastTrainerState(folder: RunFolder): TrainerState {
  const file = join(requireLastCheckpoint(folder), 'trainer.json');
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as TrainerState;
    if (state.version === TRAINER_STATE_VERSION) return state;
    throw new UserError(
      localize(
        '{0} was written by another version of this program (format {1}).',
        file,
        state.version,
      ),
      {
        hint: localize('Resume with the version that started the run.'),
      },
    );
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new UserError(localize('{0} is damaged: it is not JSON.', file), {
        hint: localize('Start from checkpoint_best.safetensors as `pretrained` instead.'),
      });
    throw error;
  }
}

function requireLastCheckpoint(folder: RunFolder): string {
  const path = lastCheckpointOf(folder);
  if (path === undefined)
    throw new UserError(
      localize(
        '{0} has nothing to resume: it has no complete {1}.',
        folder.root,
        basename(folder.last),
      ),
      {
        hint: localize('Start it without --resume.'),
      },
    );
  return path;
}

/** Assigns all variables of `shapes` from a file, which must contain them with these shapes. */
async function restore(
  session: Session,
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  const checkpoint = await openCheckpoint(file);
  try {
    requireShapes(checkpoint, shapes);
    await assignValues(session, finiteValues(file, readAll(checkpoint, shapes.keys())));
  } finally {
    await checkpoint.close();
  }
}

function requireShapes(
  { path, tensors }: CheckpointFile,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, shape] of shapes) {
    const stored = tensors.get(name);
    if (stored?.shape.join() === shape.join()) continue;
    throw new UserError(
      stored === undefined
        ? localize(
            '{0} does not fit the configuration: {1} is missing, the model has [{2}].',
            path,
            name,
            shape.join(', '),
          )
        : localize(
            '{0} does not fit the configuration: {1} is [{2}], the model has [{3}].',
            path,
            name,
            stored.shape.join(', '),
            shape.join(', '),
          ),
      {
        hint: localize(
          'Resume with the configuration that the run was started with (config.yaml in the run folder).',
        ),
      },
    );
  }
}

function momentShapes(
  shapes: ReadonlyMap<string, readonly number[]>,
  trainable: readonly string[],
): Map<string, readonly number[]> {
  return new Map(
    trainable.flatMap((name) =>
      momentNames(name).map((moment) => [moment, shapes.get(name) ?? []] as const),
    ),
  );
}

async function* readAll(
  checkpoint: CheckpointFile,
  names: Iterable<string>,
): AsyncGenerator<[string, Float32Array]> {
  for (const name of names) yield [name, await checkpoint.read(name)];
}
