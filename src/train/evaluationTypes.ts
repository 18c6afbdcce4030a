/** Where an evaluation outside of training tells of itself, beside its predictions. */
import type { Split } from '../run/events';
import type { RunFolder } from '../run/runFolder';
import type { Metrics } from '../analysis/metrics';
import type { Words } from '../util/phrase';
import type { Precision } from '../util/precision';

/** What is known once the model is there. */
export interface EvaluationBegin {
  examples: Partial<Record<Split, number>>;
  device: string;
  tensorflow: string;
  precision: Precision;
  parameters: number;
}

export interface EvaluationOutput {
  readonly folder: RunFolder;
  begin(begin: EvaluationBegin): void;
  /** @param before examples of the splits that are done */
  progress(split: Split, done: number, total: number, before: number): void;
  /** @param predictions the file that was written */
  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void;
  /** Gives the folder back. @param exitCode what the program ends with */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message?: Words,
    hint?: Words | null,
    exitCode?: number,
  ): void;
}
