/** Where an evaluation outside of training tells of itself, beside its predictions. */
import type { MissingPart } from '../config/modelParts';
import type { Split } from '../run/events';
import type { RunFolder } from '../run/runFolder';
import type { Metrics } from './metrics';
import type { Words } from '../util/phrase';

/** What is known once the model is there. */
export interface EvaluationBegin {
  examples: Partial<Record<Split, number>>;
  device: string;
  tensorflow: string;
  precision: 'fp32' | 'bf16';
  parameters: number;
}

export interface EvaluationOutput {
  readonly folder: RunFolder;
  begin(begin: EvaluationBegin): void;
  /** The weights are there. @param parts those of the model that have random values instead; none for a whole one. */
  loaded(parts: readonly MissingPart[]): void;
  /** @param before examples of the splits that are done */
  progress(split: Split, done: number, total: number, before: number): void;
  /** @param predictions the file that was written */
  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void;
  /** Gives the folder back. */
  close(state: 'finished' | 'stopped' | 'failed', message?: Words, hint?: Words | null): void;
}
