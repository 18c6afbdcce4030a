/** Gives the model of a training its first weights, the same on all ranks: pretrained, random, or of the last checkpoint. */
import type { LoadedConfig } from '../../config/load';
import type { ProcessGroup } from '../../distributed/processGroup';
import type { DownloadProgress } from '../../model/download';
import { describeReport, isUnusualStart, type LoadReport } from '../../model/loadRules';
import type { RunRecord } from '../../run/record/runRecord';
import { momentNames } from '../../runtime/optimizer/adamW';
import type { SessionCollectives } from '../../runtime/distributed/sessionCollectives';
import { localize, joinSentences } from '../../util/localize';
import { ExitCode, isAbortError, UserError } from '../../util/userError';
import { trimLog } from '../log';
import { initializeWeights, pretrainedOf, type ModelSession } from '../modelSession';
import type { TrainerState } from '../state';
import { restoreLastCheckpoint, type CheckpointSource } from './checkpoints';

export interface InitialWeightsRequest {
  loaded: LoadedConfig;
  /** The run, which gets a note about pretrained weights. */
  writer: RunRecord;
  /** Position where the run resumes; undefined for a new run. */
  resumed: TrainerState | undefined;
  /** Aborts when the user stops the run. */
  signal: AbortSignal;
  /** Progress of downloading `pretrained`. */
  onDownload?: ((progress: DownloadProgress) => void) | undefined;
}

/**
 * Loads the weights on rank 0: of the last checkpoint, moments included, when the run resumes; otherwise `pretrained`, or
 * random values.
 * @returns the report of BLIP's load rules; undefined for a resumed run and for random weights.
 * @throws {UserError} when the weights do not fit, are not finite, or the user stopped the download.
 */
export async function loadInitialWeights(
  opened: ModelSession,
  checkpoint: CheckpointSource,
  { loaded, writer, resumed, signal, onDownload }: InitialWeightsRequest,
): Promise<LoadReport | undefined> {
  if (resumed) {
    await restoreLastCheckpoint(checkpoint, writer.folder);
    trimLog(writer.folder.log, resumed.epoch);
    return undefined;
  }
  const report = await initializeWeights(opened, loaded, pretrainedOf(loaded), {
    onProgress: onDownload,
    signal,
    allowMissing: true,
  }).catch((error: unknown) => {
    if (!isAbortError(error)) throw error;
    throw new UserError(localize('Stopped before training started: there is nothing to resume.'), {
      hint: localize('Start it again.'),
      exitCode: ExitCode.stopped,
    });
  });
  if (report) {
    const [first, second, ...rest] = describeReport(report);
    writer.note(
      isUnusualStart(report) ? 'warning' : 'info',
      'pretrained',
      first,
      ...(second === undefined ? [] : [joinSentences(second, ...rest)]),
    );
  }
  return report;
}

/**
 * Copies rank 0's weights to all ranks and compares them.
 * @param withMoments whether the optimizer's moments are copied too, as for a resumed run.
 * @throws {UserError} when the weights of a rank differ afterward.
 */
export async function broadcastWeights(
  collectives: SessionCollectives,
  group: ProcessGroup,
  { session, shapes, trainable }: CheckpointSource,
  withMoments: boolean,
): Promise<void> {
  if (collectives.worldSize === 1) return;
  const names = [...shapes.keys()];
  if (withMoments)
    for (const name of trainable)
      for (const moment of momentNames(name)) {
        session.variable(moment, shapes.get(name) ?? [], 'zeros');
        names.push(moment);
      }
  await collectives.broadcastVariables(names);
  await requireEqualWeights(collectives, group, names);
}

/**
 * Compares the weights of all ranks.
 * @throws {UserError} on every rank, naming the rank and the first parameter that differ.
 */
export async function requireEqualWeights(
  collectives: SessionCollectives,
  group: ProcessGroup,
  names: readonly string[],
): Promise<void> {
  const difference = await collectives.firstDifference(names);
  if (!difference) return;
  const { rank, name } = difference;
  throw new UserError(
    localize(
      'The weights of rank {0} (on {1}) differ from those of rank 0, first in {2}.',
      rank,
      group.members[rank].host,
      name,
    ),
    {
      hint: localize(
        'The memory or network of that machine may be faulty. Continue from the last checkpoint with --resume, without that machine if it happens again.',
      ),
      exitCode: ExitCode.failed,
    },
  );
}
