/**
 * The training loop: the epochs of BLIP's `main` and its `train` (train_nlvr.py) in BLIP's order: learning rate, epoch of steps,
 * evaluation on val and test, log line, best checkpoint. Ours adds exact resume, accumulation, a curriculum,
 * early stopping, and a stop that finishes the step and saves.
 */
import type { Config } from '../config/definition';
import type { Shard } from '../data/order';
import type { Batch, Dataset } from '../data/types';
import type { Split } from '../run/events';
import type { RunRecord } from '../run/record/runRecord';
import type { StopController } from '../run/record/stopController';
import { MIN_SCALE, nextLossScale, type LossScale } from '../runtime/optimizer/lossScale';
import type { TrainingStep } from '../runtime/optimizer/trainingStep';
import { localize, type MessageText } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';
import type { CheckpointSource } from './checkpoint/checkpoints';
import type { EpochEnd } from './epochEnd';
import { writeHealth, type HealthMonitor, type Loading } from './health';
import { LastSaver } from './checkpoint/lastSaver';
import type { Stage, TrainingPlan } from './plan';
import { SharedReport } from './ranks/stepReport';
import type { GpuReading } from './gpuReadings';
import { StepReporter } from './stepReporter';
import { resetOptimizer } from './checkpoint/resetOptimizer';
import { beginNextEpoch, stopsEarly, type TrainerState } from './state';
import type { TrainingData } from './types';

export interface TrainerParts {
  config: Config;
  plan: TrainingPlan;
  state: TrainerState;
  data: TrainingData;
  checkpoint: CheckpointSource;
  writer: RunRecord;
  stop: Pick<StopController, 'requested' | 'takeSaveRequest'>;
  health: HealthMonitor;
  /** Whether any process was asked to stop, the same answer on all. */
  stopAgreed: () => Promise<boolean>;
  /** Throws where the weights of the processes have come apart. */
  requireEqualWeights: () => Promise<void>;
  epochEnd: Pick<EpochEnd, 'evaluate' | 'logWithoutEvaluation'>;
  /** This process among those that share the training. */
  shard: Shard;
  stepFor(batch: Batch): TrainingStep;
  /** The newest reading of the GPU that trains, once. */
  gpu?: () => GpuReading | undefined;
}

export class Trainer {
  private readonly reporter: StepReporter;
  private readonly report: SharedReport;
  private readonly saver: LastSaver;
  /** Programs that ran before, with and without applying gradients: the first time records them. */
  private readonly recorded = {
    apply: new WeakSet<TrainingStep>(),
    add: new WeakSet<TrainingStep>(),
  };

  /** Of the step before, with fp16. */
  private usedScale: { lossScale?: number } = {};
  private saidSkipped = false;

  constructor(private readonly parts: TrainerParts) {
    this.reporter = new StepReporter(parts.writer, parts.config.log_every, parts.gpu);
    this.report = new SharedReport(parts.config.accumulate_steps, parts.shard);
    this.saver = new LastSaver(parts, parts.state);
  }

  /**
   * Trains until the last epoch, an early stop or a request to stop, after which everything is saved. When it fails the
   * last good step is saved, where its weights are whole.
   */
  async run(): Promise<'finished' | 'stopped'> {
    try {
      return await this.trainEpochs();
    } catch (error) {
      this.reporter.flush();
      await this.saver.rescue();
      throw error;
    }
  }

  private async trainEpochs(): Promise<'finished' | 'stopped'> {
    const { plan, state, config, epochEnd, writer, health } = this.parts;
    writeHealth(writer, health);
    // Judged here and not only behind an epoch: a run that stopped early may be resumed.
    while (state.epoch < plan.epochs && !stopsEarly(config, state)) {
      const stage = plan.stageOf(state.epoch);
      if (state.epoch === stage.firstEpoch && state.batch === 0 && stage.firstEpoch > 0)
        await this.resetOptimizer();
      if (!(await this.trainEpoch(stage))) return this.stopped();
      const last = state.epoch === plan.epochs - 1;
      if (last || (state.epoch + 1) % config.eval_every === 0) {
        const between = (): Promise<void> => this.saver.saveIfAsked(state);
        if ((await epochEnd.evaluate(state, between)) === 'stopped') return this.stopped();
      } else epochEnd.logWithoutEvaluation(state);
      const done = state.epoch;
      beginNextEpoch(state);
      this.saver.mark(state);
      if (last || stopsEarly(config, state) || state.epoch % config.save_every === 0)
        await this.save(done);
    }
    if (state.epoch < plan.epochs)
      this.parts.writer.note(
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

  /** @returns false when a stop was asked for; the state then says where. */
  private async trainEpoch(stage: Stage): Promise<boolean> {
    const { plan, state, config, data, writer, health, shard, stop } = this.parts;
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
        await this.step(stage, batch, lr, apply);
        state.batch++;
        state.epochSeconds = secondsBefore + (performance.now() - began) / 1000;
        if (apply) {
          this.reporter.step(
            { step: state.step, epoch: state.epoch, lr, ...this.rankSeconds(), ...this.usedScale },
            batches.waitMs - waited,
          );
          waited = batches.waitMs;
          const { rankSeconds } = this.rankSeconds();
          if (rankSeconds) writeHealth(writer, health, health.afterStep(rankSeconds));
          health.duringEpoch(loading(), ++steps);
          writeHealth(writer, health);
          writer.update({ step: state.step, epoch: state.epoch });
          this.saver.mark(state);
          const inEpoch = state.batch / config.accumulate_steps;
          const lastOfEpoch = left === 0;
          // Alone, a process need not wait for a step that carries the request to others.
          const stopping = shard.worldSize === 1 ? stop.requested : this.report.stop;
          if (stopping && !lastOfEpoch) return false;
          if (!lastOfEpoch && this.saver.due(inEpoch)) await this.save(state.epoch);
        }
        if (left === 0) break;
      }
      writeHealth(writer, health, health.afterEpoch(loading()));
    }
    this.reporter.flush();
    await this.parts.requireEqualWeights();
    writer.event({
      type: 'epoch',
      epoch: state.epoch,
      step: state.step,
      loss: state.epochSteps > 0 ? state.epochLoss / state.epochSteps : null,
      accuracy: state.epochExamples > 0 ? state.epochCorrect / state.epochExamples : null,
      lr: plan.learningRate(state.epoch, Math.max(state.stageStep - 1, 0)),
      seconds: state.epochSeconds,
    });
    return !(await this.parts.stopAgreed());
  }

  private async step(stage: Stage, batch: Batch, lr: number, apply: boolean): Promise<void> {
    const { state, config, data, shard, stop } = this.parts;
    const { report } = this;
    const { lossScale } = state;
    const feeds = {
      ...(lossScale && { loss_scale: lossScale.scale }),
      ...(await data.visionFeeds(stage, batch)),
      inputIds: batch.inputIds,
      attentionMask: batch.attentionMask,
      labels: batch.labels,
      seed: this.seed(),
    };
    const program = this.parts.stepFor(batch);
    const recorded = this.recorded[apply ? 'apply' : 'add'];
    if (!recorded.has(program)) {
      recorded.add(program);
      this.reporter.recording();
    }
    if (!apply) {
      // An accumulated batch leaves the weights as they are.
      report.add(await program.accumulate({ ...feeds, report: report.feed(false) }));
      return;
    }
    this.saver.unmark();
    const results = await program.run({
      ...feeds,
      report: report.feed(stop.requested),
      lr,
      // AdamW's own count: torch.amp.GradScaler does not call the optimizer for a step that is skipped.
      step: state.stageStep + 1 - (lossScale?.skipped ?? 0),
    });
    report.take(results);
    const gradNorm = results['grad_norm']?.[0] ?? 0;
    const examples = batch.labels.length * shard.worldSize;
    const skipped = lossScale !== undefined && !Number.isFinite(gradNorm);
    for (const [i, loss] of report.losses.entries()) {
      const last = i === report.losses.length - 1;
      const norm = last ? gradNorm : undefined;
      this.reporter.add(loss, last ? report.correct : 0, examples, norm, skipped);
      if (!Number.isFinite(loss) && !skipped) this.diverged(localize('the loss'), loss);
    }
    state.epochCorrect += report.correct;
    state.epochExamples += examples * config.accumulate_steps;
    // Weights follow the gradient: with a finite loss they may be lost already, and must not be saved.
    if (!Number.isFinite(gradNorm) && !skipped)
      this.diverged(localize('the norm of the gradient'), gradNorm);
    if (lossScale) this.updateScale(lossScale, !skipped);
    // A forward pass that overflowed float16 has no loss; its step is skipped.
    const losses = report.losses.filter(Number.isFinite);
    for (const loss of losses) state.epochLoss += loss;
    state.epochSteps += losses.length;
    // Also of a step that is skipped, as a scheduler of PyTorch's is stepped in any case.
    state.step++;
    state.stageStep++;
  }

  /** Follows the rules of torch.amp.GradScaler, and ends a training whose gradients are finite at no scale. */
  private updateScale(used: LossScale, finite: boolean): void {
    const { state, writer } = this.parts;
    const next = nextLossScale(used, finite);
    state.lossScale = next;
    this.usedScale = { lossScale: used.scale };
    if (finite) return;
    if (next.scale < MIN_SCALE)
      this.diverged(
        localize('the loss scale, halved whenever gradients were not finite,'),
        next.scale,
      );
    if (this.saidSkipped) return;
    this.saidSkipped = true;
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
   * int32 [2]. Counts micro-batches, so that each has dropout of its own, then the run's seed. Ranks differ by an odd multiple, so that rank 1 does not draw what rank 0 draws under the next seed.
   */
  private seed(): Int32Array {
    const { state, config, shard } = this.parts;
    return Int32Array.of(
      state.step * config.accumulate_steps + this.report.microBatch,
      (config.seed + Math.imul(shard.rank, 0x9e3779b1)) | 0,
    );
  }

  /** How long each of several processes took for its own part of the step before, where all have measured it. */
  private rankSeconds(): { rankSeconds?: number[] } {
    const { rankMs } = this.report;
    return rankMs.length > 1 && rankMs.every((ms) => ms > 0)
      ? { rankSeconds: rankMs.map((ms) => ms / 1000) }
      : {};
  }

  private diverged(what: MessageText, value: number): never {
    this.saver.unmark();
    const { state } = this.parts;
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

  /** The curriculum's moments are forgotten: the main stage is a training of its own from given weights. */
  private async resetOptimizer(): Promise<void> {
    const { checkpoint, state } = this.parts;
    await resetOptimizer(checkpoint);
    state.stageStep = 0;
    if (state.lossScale) state.lossScale = { ...state.lossScale, skipped: 0 };
  }

  private async stopped(): Promise<'stopped'> {
    await this.save(this.parts.state.epoch);
    return 'stopped';
  }

  private async save(epoch: number): Promise<void> {
    this.reporter.flush();
    await this.saver.save(this.parts.state, epoch);
  }
}

/** Data sets that are evaluated after each epoch, in BLIP's order. */
export function evaluatedDatasets(
  config: Config,
  datasets: Partial<Record<Split, Dataset>>,
): Dataset[] {
  const { val, test } = datasets;
  return [...(val ? [val] : []), ...(test && config.eval_test ? [test] : [])];
}
