/**
 * The training loop: the epochs of BLIP's `main` and its `train` (train_nlvr.py), in the same order: learning rate, steps of
 * an epoch, evaluation on val and test, log line, best checkpoint. In addition: exact resume, gradient accumulation, a
 * curriculum, early stopping, and a stop that finishes the step and saves.
 */
import type { Config } from '../config/definition';
import type { RankShard } from '../data/order';
import type { Batch, Dataset } from '../data/types';
import type { Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { MIN_SCALE, nextLossScale, type LossScale } from '../runtime/optimizer/lossScale';
import type { OptimizerStep } from '../runtime/optimizer/optimizerStep';
import { localize, type MessageText } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';
import type { CheckpointSource } from './checkpoint/checkpoints';
import type { EpochEnd } from './epochEnd';
import { writeHealth, type HealthMonitor, type Loading } from './health';
import { LastCheckpointSaver } from './checkpoint/lastCheckpointSaver';
import type { Stage, TrainingPlan } from './plan';
import { StepReduction } from './ranks/stepReduction';
import type { GpuReading } from './gpuReadings';
import { StepReporter } from './stepReporter';
import { resetOptimizer } from './checkpoint/resetOptimizer';
import { beginNextEpoch, stopsEarly, type TrainerState } from './state';
import type { TrainingData } from './types';

export interface TrainingLoopOptions {
  config: Config;
  plan: TrainingPlan;
  state: TrainerState;
  data: TrainingData;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  stop: Pick<StopController, 'requested' | 'takeSaveRequest'>;
  health: HealthMonitor;
  /** Whether a stop was requested on any rank; the result is the same on all ranks. */
  stopAgreed: () => Promise<boolean>;
  /** Throws when the weights of the ranks differ. */
  requireEqualWeights: () => Promise<void>;
  epochEnd: Pick<EpochEnd, 'evaluate' | 'logWithoutEvaluation'>;
  /** The rank of this process, and the number of ranks. */
  rankShard: RankShard;
  stepFor(batch: Batch): OptimizerStep;
  /** The newest reading of the GPU, each only once. */
  gpu?: () => GpuReading | undefined;
}

export class TrainingLoop {
  private readonly reporter: StepReporter;
  private readonly reduction: StepReduction;
  private readonly saver: LastCheckpointSaver;
  /** Programs that were traced, with and without applying gradients: the first run of each takes longer. */
  private readonly traced = {
    apply: new WeakSet<OptimizerStep>(),
    add: new WeakSet<OptimizerStep>(),
  };

  /** Loss scale of the last step, with fp16. */
  private lastScale: { lossScale?: number } = {};
  private notedSkippedStep = false;

  constructor(private readonly options: TrainingLoopOptions) {
    const { config, writer, state, rankShard, gpu } = options;
    this.reporter = new StepReporter(writer, config.log_every, gpu);
    this.reduction = new StepReduction(config.accumulate_steps, rankShard);
    this.saver = new LastCheckpointSaver(options, state);
  }

  /**
   * Trains until the last epoch, an early stop or a request to stop, and saves the last checkpoint. On an error it saves the
   * last complete step, if its weights are consistent.
   */
  async run(): Promise<'finished' | 'stopped'> {
    try {
      return await this.runEpochs();
    } catch (error) {
      this.reporter.flush();
      await this.saver.saveOnFailure();
      throw error;
    }
  }

  private async runEpochs(): Promise<'finished' | 'stopped'> {
    const { plan, state, config, epochEnd, writer, health } = this.options;
    writeHealth(writer, health);
    // Also before the first epoch: a run that stopped early may be resumed.
    while (state.epoch < plan.epochs && !stopsEarly(config, state)) {
      const stage = plan.stageOf(state.epoch);
      if (state.epoch === stage.firstEpoch && state.batch === 0 && stage.firstEpoch > 0)
        await this.resetOptimizer();
      if (!(await this.runEpoch(stage))) return this.stopped();
      const last = state.epoch === plan.epochs - 1;
      if (last || (state.epoch + 1) % config.eval_every === 0) {
        const between = (): Promise<void> => this.saver.saveIfRequested(state);
        if ((await epochEnd.evaluate(state, between)) === 'stopped') return this.stopped();
      } else epochEnd.logWithoutEvaluation(state);
      const done = state.epoch;
      beginNextEpoch(state);
      this.saver.markConsistent(state);
      if (last || stopsEarly(config, state) || state.epoch % config.save_every === 0)
        await this.save(done);
    }
    if (state.epoch < plan.epochs)
      this.options.writer.note(
        'info',
        'early-stop',
        localize(
          config.early_stop === 1
            ? 'Stopped early: {0} evaluation did not improve the validation accuracy.'
            : 'Stopped early: {0} evaluations did not improve the validation accuracy.',
          config.early_stop,
        ),
      );
    return 'finished';
  }

  /** Trains one epoch, or the rest of it. @returns false when a stop was requested. */
  private async runEpoch(stage: Stage): Promise<boolean> {
    const { plan, state, config, data, writer, health, rankShard, stop } = this.options;
    const began = performance.now();
    const secondsBefore = state.epochSeconds;
    let left = plan.remainingBatches(stage, state.epochExamples);
    const batches = data.trainBatches(stage, state.epoch, state.epochExamples, left);
    this.reporter.begin();
    let waited = 0;
    let waitedFirst: number | undefined;
    let steps = 0;
    const loading = (): Loading => ({
      milliseconds: performance.now() - began,
      waited: batches.waitMs,
      waitedFirst: waitedFirst ?? 0,
    });
    if (left > 0) {
      for await (const batch of batches) {
        waitedFirst ??= batches.waitMs;
        const lr = plan.learningRate(state.epoch, state.stageStep);
        left--;
        const apply = left % config.accumulate_steps === 0;
        await this.runBatch(stage, batch, lr, apply);
        state.batch++;
        state.epochSeconds = secondsBefore + (performance.now() - began) / 1000;
        if (apply) {
          this.reporter.step(
            { step: state.step, epoch: state.epoch, lr, ...this.rankSeconds(), ...this.lastScale },
            batches.waitMs - waited,
          );
          waited = batches.waitMs;
          const { rankSeconds } = this.rankSeconds();
          if (rankSeconds) writeHealth(writer, health, health.afterStep(rankSeconds));
          health.duringEpoch(loading(), ++steps);
          writeHealth(writer, health);
          writer.update({ step: state.step, epoch: state.epoch });
          this.saver.markConsistent(state);
          const inEpoch = state.batch / config.accumulate_steps;
          const lastOfEpoch = left === 0;
          // A single process stops immediately; several ranks agree on a stop through the reduction of the next step.
          const stopping = rankShard.worldSize === 1 ? stop.requested : this.reduction.stop;
          if (stopping && !lastOfEpoch) return false;
          if (!lastOfEpoch && this.saver.isDue(inEpoch)) await this.save(state.epoch);
        }
        if (left === 0) break;
      }
      writeHealth(writer, health, health.afterEpoch(loading()));
    }
    this.reporter.flush();
    await this.options.requireEqualWeights();
    writer.event({
      type: 'epoch',
      epoch: state.epoch,
      step: state.step,
      loss: state.epochSteps > 0 ? state.epochLoss / state.epochSteps : null,
      accuracy: state.epochExamples > 0 ? state.epochCorrect / state.epochExamples : null,
      lr: plan.learningRate(state.epoch, Math.max(state.stageStep - 1, 0)),
      seconds: state.epochSeconds,
    });
    return !(await this.options.stopAgreed());
  }

  private async runBatch(stage: Stage, batch: Batch, lr: number, apply: boolean): Promise<void> {
    const { state, config, data, rankShard, stop } = this.options;
    const { reduction } = this;
    const { lossScale } = state;
    const feeds = {
      ...(lossScale && { loss_scale: lossScale.scale }),
      ...(await data.visionFeeds(stage, batch)),
      inputIds: batch.inputIds,
      attentionMask: batch.attentionMask,
      labels: batch.labels,
      seed: this.seed(),
    };
    const program = this.options.stepFor(batch);
    const traced = this.traced[apply ? 'apply' : 'add'];
    if (!traced.has(program)) {
      traced.add(program);
      this.reporter.tracing();
    }
    if (!apply) {
      // A micro-batch before the last does not change the weights.
      reduction.add(await program.accumulate({ ...feeds, report: reduction.feed(false) }));
      return;
    }
    this.saver.markInconsistent();
    const results = await program.run({
      ...feeds,
      report: reduction.feed(stop.requested),
      lr,
      // AdamW counts only steps that are applied: torch.amp.GradScaler does not call the optimizer for a skipped step.
      step: state.stageStep + 1 - (lossScale?.skipped ?? 0),
    });
    reduction.take(results);
    const gradNorm = results['grad_norm']?.[0] ?? 0;
    const examples = batch.labels.length * rankShard.worldSize;
    const skipped = lossScale !== undefined && !Number.isFinite(gradNorm);
    for (const [i, loss] of reduction.losses.entries()) {
      const last = i === reduction.losses.length - 1;
      const norm = last ? gradNorm : undefined;
      this.reporter.add(loss, last ? reduction.correct : 0, examples, norm, skipped);
      if (!Number.isFinite(loss) && !skipped) this.diverged(localize('the loss'), loss);
    }
    state.epochCorrect += reduction.correct;
    state.epochExamples += examples * config.accumulate_steps;
    // The weights were updated with this gradient: even if the loss is finite they may not be, and must not be saved.
    if (!Number.isFinite(gradNorm) && !skipped)
      this.diverged(localize('the norm of the gradient'), gradNorm);
    if (lossScale) this.updateScale(lossScale, !skipped);
    // A forward pass that overflows float16 has no finite loss; its step is skipped.
    const losses = reduction.losses.filter(Number.isFinite);
    for (const loss of losses) state.epochLoss += loss;
    state.epochSteps += losses.length;
    // Skipped steps count too, because PyTorch's learning rate scheduler also steps after a skipped step.
    state.step++;
    state.stageStep++;
  }

  /** Updates the loss scale by the rules of torch.amp.GradScaler. Throws if the gradients are not finite at any scale. */
  private updateScale(used: LossScale, finite: boolean): void {
    const { state, writer } = this.options;
    const next = nextLossScale(used, finite);
    state.lossScale = next;
    this.lastScale = { lossScale: used.scale };
    if (finite) return;
    if (next.scale < MIN_SCALE)
      this.diverged(
        localize('the loss scale, halved whenever gradients were not finite,'),
        next.scale,
      );
    if (this.notedSkippedStep) return;
    this.notedSkippedStep = true;
    writer.note(
      'info',
      'skipped-step',
      localize(
        'Step {0} was skipped because its fp16 gradients were not finite. The loss scale is now {1}.',
        state.step + 1,
        next.scale,
      ),
      localize('This is normal now and then, and in the first steps. Weights are unchanged.'),
    );
  }

  /**
   * Seed of a micro-batch's random numbers, int32 [2]: its number, so that each has another dropout mask, and the run's seed
   * plus a multiple of the rank, which is large so that rank 1 does not draw the numbers of rank 0 with the next seed.
   */
  private seed(): Int32Array {
    const { state, config, rankShard } = this.options;
    return Int32Array.of(
      state.step * config.accumulate_steps + this.reduction.microBatchesDone,
      (config.seed + Math.imul(rankShard.rank, 0x9e3779b1)) | 0,
    );
  }

  /** Seconds that each rank took for its own part of the previous step, if all ranks measured it. */
  private rankSeconds(): { rankSeconds?: number[] } {
    const { rankMs } = this.reduction;
    return rankMs.length > 1 && rankMs.every((ms) => ms > 0)
      ? { rankSeconds: rankMs.map((ms) => ms / 1000) }
      : {};
  }

  private diverged(what: MessageText, value: number): never {
    this.saver.markInconsistent();
    const { state } = this.options;
    this.reporter.step({ step: state.step + 1, epoch: state.epoch, lr: 0 }, 0);
    this.reporter.flush();
    throw new UserError(
      localize(
        'Training diverged: {0} became {1} at step {2} of epoch {3}. Earlier checkpoints are unchanged.',
        what,
        String(value),
        state.step + 1,
        state.epoch,
      ),
      {
        hint:
          state.precision === 'fp32'
            ? localize(
                'Lower init_lr, or set warmup_steps or grad_clip. Then start again, or continue from the last checkpoint with --resume.',
              )
            : localize(
                'Lower init_lr, set warmup_steps or grad_clip, or try precision: fp32. Then start again, or continue from the last checkpoint with --resume.',
              ),
        exitCode: ExitCode.failed,
      },
    );
  }

  /** Resets the optimizer after the curriculum: the main stage trains from its weights with a new optimizer, as BLIP would. */
  private async resetOptimizer(): Promise<void> {
    const { checkpoint, state } = this.options;
    await resetOptimizer(checkpoint);
    state.stageStep = 0;
    if (state.lossScale) state.lossScale = { ...state.lossScale, skipped: 0 };
  }

  private async stopped(): Promise<'stopped'> {
    await this.save(this.options.state.epoch);
    return 'stopped';
  }

  private async save(epoch: number): Promise<void> {
    this.reporter.flush();
    await this.saver.save(this.options.state, epoch);
  }
}

/** Data sets to evaluate after each epoch, in BLIP's order: val, then test. */
export function evaluatedDatasets(
  config: Config,
  datasets: Partial<Record<Split, Dataset>>,
): Dataset[] {
  const { val, test } = datasets;
  return [...(val ? [val] : []), ...(test && config.eval_test ? [test] : [])];
}
