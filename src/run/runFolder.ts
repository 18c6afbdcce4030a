import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_CONFIG, RUN_JSON } from '../config/paths';
import type { Split } from './events';

/**
 * The paths in a run folder, for all code that reads or writes one.
 * Getters, not fields: a field initializer would run before the constructor sets `root`.
 */
export class RunFolder {
  constructor(
    /** Absolute path. */
    readonly root: string,
  ) {}

  get runJson(): string {
    return this.at(RUN_JSON);
  }
  get config(): string {
    return this.at(RUN_CONFIG);
  }
  /** Configuration of an evaluation in the folder of another program's run. */
  get evaluationConfig(): string {
    return this.at('evaluation.yaml');
  }
  get events(): string {
    return this.at('events.jsonl');
  }
  /** BLIP's log: one JSON object per epoch, values as strings with four decimals. */
  get log(): string {
    return this.at('log.txt');
  }
  get trainerLog(): string {
    return this.at('trainer.log');
  }
  get best(): string {
    return this.at('checkpoint_best.safetensors');
  }
  get last(): string {
    return this.at('checkpoint_last');
  }
  /** A last checkpoint that is being written. */
  get newLast(): string {
    return this.at('checkpoint_last.new');
  }
  /** The previous last checkpoint, moved aside while the new one is renamed. */
  get oldLast(): string {
    return this.at('checkpoint_last.old');
  }
  get predictions(): string {
    return this.at('predictions');
  }
  /** Reports of imported predictions; only in imported runs. */
  get imports(): string {
    return this.at('imports');
  }
  /** Source of the curves of an imported run; only in such runs. */
  get curves(): string {
    return this.at('curves.json');
  }
  /** Curves exported for TensorBoard. */
  get tensorBoard(): string {
    return this.at('tensorboard');
  }
  /** Results of robustness tests. */
  get robustness(): string {
    return this.at('robustness');
  }
  get metrics(): string {
    return this.at('metrics.json');
  }
  /** Problems that the data check found during the training: `{ problems }`, as in `nlvr check --json`. */
  get problems(): string {
    return this.at('problems.json');
  }
  get stopRequest(): string {
    return this.at('stop.request');
  }
  get lock(): string {
    return this.at('run.lock');
  }
  /** Records of the programs that were started on this folder. */
  get attempts(): string {
    return this.at('attempts');
  }
  /** Marks and notes of the Failed Examples panel. */
  get notes(): string {
    return this.at('notes.json');
  }
  get features(): string {
    return this.at('.features');
  }

  /** Weights of an epoch, `checkpoint_003.safetensors`. */
  epochCheckpoint(epoch: number): string {
    return this.at(`checkpoint_${pad(epoch)}.safetensors`);
  }

  /** Weights of epochs, oldest first. */
  get epochCheckpoints(): string[] {
    return readdirSync(this.root)
      .filter((name) => /^checkpoint_\d{3,}\.safetensors$/.test(name))
      .sort((a, b) => a.length - b.length || a.localeCompare(b))
      .map((name) => this.at(name));
  }

  /** Predictions of a split after an epoch, or of a standalone evaluation (`epoch` null). */
  predictionsOf(split: Split, epoch: number | null): string {
    return join(
      this.predictions,
      epoch === null ? `${split}.jsonl` : `${split}-epoch-${pad(epoch)}.jsonl`,
    );
  }

  /** All files that a run writes, for `--overwrite` and deletion; other files in the folder are never changed. */
  get owned(): string[] {
    return [
      this.runJson,
      this.config,
      this.evaluationConfig,
      this.events,
      this.log,
      this.trainerLog,
      this.best,
      this.last,
      this.newLast,
      this.oldLast,
      this.predictions,
      this.imports,
      this.curves,
      this.tensorBoard,
      this.robustness,
      this.metrics,
      this.problems,
      this.stopRequest,
      this.features,
    ];
  }

  private at(name: string): string {
    return join(this.root, name);
  }
}

function pad(epoch: number): string {
  return String(epoch).padStart(3, '0');
}
