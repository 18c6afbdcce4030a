import { join } from 'node:path';
import type { Split } from './events';

/** Names inside a run folder; everything that reads or writes one takes them from here. */
export class RunFolder {
  constructor(
    /** Absolute path. */
    readonly root: string,
  ) {}

  readonly runJson = this.at('run.json');
  readonly config = this.at('config.yaml');
  readonly events = this.at('events.jsonl');
  /** BLIP's log: one JSON object an epoch, values as strings with four decimals. */
  readonly log = this.at('log.txt');
  readonly trainerLog = this.at('trainer.log');
  readonly best = this.at('checkpoint_best.safetensors');
  readonly last = this.at('checkpoint_last');
  readonly predictions = this.at('predictions');
  readonly metrics = this.at('metrics.json');
  readonly stopRequest = this.at('stop.request');
  readonly lock = this.at('run.lock');
  readonly features = this.at('.features');

  /** Weights kept of an earlier epoch, `checkpoint_003.safetensors`. */
  epochCheckpoint(epoch: number): string {
    return this.at(`checkpoint_${pad(epoch)}.safetensors`);
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
      this.events,
      this.log,
      this.trainerLog,
      this.best,
      this.last,
      `${this.last}.old`,
      this.predictions,
      this.metrics,
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
