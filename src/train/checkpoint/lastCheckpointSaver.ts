import type { Config } from '../../config/definition';
import type { RankShard } from '../../data/order';
import type { RunRecord } from '../../run/record/runRecord';
import type { StopController } from '../../run/record/stopController';
import { localize } from '../../util/localize';
import { saveLastCheckpoint, type CheckpointSource } from './checkpoints';
import type { TrainerState } from '../state';

interface LastCheckpointSaverOptions {
  config: Pick<Config, 'save_minutes' | 'save_steps'>;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  /** Only rank 0 saves. */
  rankShard: RankShard;
  stop: Pick<StopController, 'takeSaveRequest'>;
}

const MINUTE_MS = 60_000;

/** Saves the last checkpoint: at the end of epochs, at intervals within an epoch, and when the run fails. */
export class LastCheckpointSaver {
  private savedAt = performance.now();
  private savedStep: number;
  /** The state that the weights and moments in the runtime belong to; undefined while a step changes them. */
  private consistentState: TrainerState | undefined;

  /** @param state at the start of the attempt; only later steps need to be saved. */
  constructor(
    private readonly options: LastCheckpointSaverOptions,
    state: TrainerState,
  ) {
    this.savedStep = state.step;
    this.markConsistent(state);
  }

  /** Call between two optimizer steps, when weights, moments and state belong together. */
  markConsistent(state: TrainerState): void {
    this.consistentState = { ...state };
  }

  /** Call before an optimizer step: until the next `markConsistent`, weights may be partly updated or not finite. */
  markInconsistent(): void {
    this.consistentState = undefined;
  }

  /**
   * Whether to save after an optimizer step.
   * @param inEpoch number of steps of the epoch that are done
   */
  isDue(inEpoch: number): boolean {
    const { config, stop } = this.options;
    const { save_minutes: minutes, save_steps: steps } = config;
    if (stop.takeSaveRequest()) return true;
    if (steps > 0 && inEpoch % steps === 0) return true;
    return minutes > 0 && performance.now() - this.savedAt >= minutes * MINUTE_MS;
  }

  /** Saves if a signal requested it. Call it in an evaluation, where the weights do not change. */
  async saveIfRequested(state: TrainerState): Promise<void> {
    if (this.options.stop.takeSaveRequest()) await this.save(state, state.epoch);
  }

  /** Saves the last checkpoint. @param epoch the epoch in the event */
  async save(state: TrainerState, epoch: number): Promise<void> {
    const { checkpoint, writer, rankShard } = this.options;
    if (rankShard.rank !== 0) return;
    // If saving fails, `saveOnFailure` must not try to save again.
    this.markInconsistent();
    writer.phase('saving');
    // After a power failure the run resumes after these steps, so their events must be on the disk too.
    writer.sync();
    const bytes = await saveLastCheckpoint(checkpoint, writer.folder, state);
    writer.event({
      type: 'checkpoint',
      kind: 'last',
      epoch,
      step: state.step,
      path: 'checkpoint_last',
      bytes,
    });
    this.savedAt = performance.now();
    this.savedStep = state.step;
    this.markConsistent(state);
  }

  /**
   * Saves the last complete step of a run that fails. Does nothing if there was no step since the last save, or if the weights
   * may be inconsistent. Never throws, because the error of the run is the one to report.
   */
  async saveOnFailure(): Promise<void> {
    const { consistentState } = this;
    if (!consistentState || consistentState.step === this.savedStep) return;
    try {
      await this.save(consistentState, consistentState.epoch);
      this.options.writer.note(
        'info',
        'saved-before-failure',
        localize('The run failed after step {0}, which was saved.', consistentState.step),
        localize('Fix the cause, then resume the run.'),
      );
    } catch {
      // On a full disk, or after an error of the runtime. The earlier checkpoint is complete.
    }
  }
}
