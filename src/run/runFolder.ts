import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_CONFIG, RUN_JSON } from '../config/paths';
import type { Split } from './events';

/**
 * Names inside a run folder; everything that reads or writes one takes them from here.
 * Getters, not fields: a field's initialiser would run before the constructor has set `root`.
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
  /** With which another program's checkpoint was evaluated in its folder. */
  get evaluationConfig(): string {
    return this.at('evaluation.yaml');
  }
  get events(): string {
    return this.at('events.jsonl');
  }
  /** BLIP's log: one JSON object an epoch, values as strings with four decimals. */
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
  /** The one before it, moved aside while the new one takes its place. */
  get oldLast(): string {
    return this.at('checkpoint_last.old');
  }
  get predictions(): string {
    return this.at('predictions');
  }
  /** What came of imported predictions, a report a file; only runs that were imported have it. */
  get imports(): string {
    return this.at('imports');
  }
  /** Which file or folder the curves of an imported run are read from; only such runs have it. */
  get curves(): string {
    return this.at('curves.json');
  }
  /** Curves that were exported for TensorBoard. */
  get tensorBoard(): string {
    return this.at('tensorboard');
  }
  /** What came of asking checkpoints about changed pairs, a result a file. */
  get robustness(): string {
    return this.at('robustness');
  }
  get metrics(): string {
    return this.at('metrics.json');
  }
  /** What the data check found while the run trained: `{ problems }`, as in `nlvr check --json`. */
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
  /** Marks and notes of the failed examples panel. */
  get notes(): string {
    return this.at('notes.json');
  }
  get features(): string {
    return this.at('.features');
  }

  /** Weights kept of an earlier epoch, `checkpoint_003.safetensors`. */
  epochCheckpoint(epoch: number): string {
    return this.at(`checkpoint_${pad(epoch)}.safetensors`);
  }

  /** Weights kept of earlier epochs, oldest first. */
  get epochCheckpoints(): string[] {
    return readdirSync(this.root)
      .filter((name) => /^checkpoint_\d{3,}\.safetensors$/.test(name))
      .sort((a, b) => a.length - b.length || a.localeCompare(b))
      .map((name) => this.at(name));
  }

  /** Predictions of a split after an epoch, or of a stand-alone evaluation (`epoch` null). */
  predictionsOf(split: Split, epoch: number | null): string {
    return join(
      this.predictions,
      epoch === null ? `${split}.jsonl` : `${split}-epoch-${pad(epoch)}.jsonl`,
    );
  }

  /** Everything a run writes, for `--overwrite` and deletion; other files of the folder are never touched. */
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
