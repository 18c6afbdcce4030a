import type { Config } from '../../config/definition';
import type { Shard } from '../../data/order';
import type { RunRecord } from '../../run/record/runRecord';
import type { StopController } from '../../run/record/stopController';
import { localize } from '../../util/localize';
import { saveLast, type CheckpointSource } from './checkpoints';
import type { TrainerState } from '../state';

interface SaverParts {
  config: Pick<Config, 'save_minutes' | 'save_steps'>;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  /** Of several processes, rank 0 saves for all. */
  shard: Shard;
  stop: Pick<StopController, 'takeSaveRequest'>;
}

const MINUTE_MS = 60_000;

/** Saves the last checkpoint, says when it is due within an epoch, and rescues the last good step of a run that fails. */
export class LastSaver {
  private savedAt = performance.now();
  private savedStep: number;
  /** The state that the weights and moments in the runtime belong to; undefined while they change. */
  private good: TrainerState | undefined;

  /** @param state of the run at its start, or where it resumes: nothing newer needs to be saved. */
  constructor(
    private readonly parts: SaverParts,
    state: TrainerState,
  ) {
    this.savedStep = state.step;
    this.mark(state);
  }

  /** Weights, moments and state belong together: between two optimizer steps. */
  mark(state: TrainerState): void {
    this.good = { ...state };
  }

  /** Weights and moments are about to change: until the next `mark` they may be half changed, or not finite. */
  unmark(): void {
    this.good = undefined;
  }

  /**
   * Whether to save after an optimizer step.
   * @param inEpoch steps of the epoch that are done, with this one
   */
  due(inEpoch: number): boolean {
    const { config, stop } = this.parts;
    const { save_minutes: minutes, save_steps: steps } = config;
    if (stop.takeSaveRequest()) return true;
    if (steps > 0 && inEpoch % steps === 0) return true;
    return minutes > 0 && performance.now() - this.savedAt >= minutes * MINUTE_MS;
  }

  /** Saves if a signal asks for it; to be called where nothing changes for long, in an evaluation. */
  async saveIfAsked(state: TrainerState): Promise<void> {
    if (this.parts.stop.takeSaveRequest()) await this.save(state, state.epoch);
  }

  /** @param epoch that the checkpoint is said to be of */
  async save(state: TrainerState, epoch: number): Promise<void> {
    const { checkpoint, writer, shard } = this.parts;
    if (shard.rank !== 0) return;
    // If saving fails, saving again for that reason would fail, too.
    this.unmark();
    writer.phase('saving');
    // After a power cut the run goes on behind these steps: their events must be there, too.
    writer.sync();
    const bytes = await saveLast(checkpoint, writer.folder, state);
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
    this.mark(state);
  }

  /**
   * Saves the last good step, because the run is about to end with an error. Does nothing where nothing was done since
   * the last save, or where the weights may be half changed. Never throws: the error is what the person needs to know.
   */
  async rescue(): Promise<void> {
    const { good } = this;
    if (!good || good.step === this.savedStep) return;
    try {
      await this.save(good, good.epoch);
      this.parts.writer.note(
        'info',
        'saved-before-failure',
        localize('The run failed after step {0}, which was saved.', good.step),
        localize('Fix the cause, then resume the run.'),
      );
    } catch {
      // On a full disk, or when the runtime is broken. The checkpoint of before is whole.
    }
  }
}
