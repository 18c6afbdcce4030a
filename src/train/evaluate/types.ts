/** The output of an evaluation outside of a training, in addition to its predictions. */
import { incompleteModel, type MissingPart } from '../../config/modelParts';
import type { ModelDifference } from '../../model/checkpointOrigin';
import { describeOtherModel } from '../../model/loadRules';
import type { Split } from '../../run/events';
import type { RunFolder } from '../../run/runFolder';
import type { Metrics } from '../../analysis/metrics';
import type { MessageText } from '../../util/localize';
import type { Precision } from '../../util/precision';

/** What is known after the model was created. */
export interface EvaluationBegin {
  examples: Partial<Record<Split, number>>;
  device: string;
  tensorflow: string;
  precision: Precision;
  parameters: number;
}

/** Properties of the weights that become notes. */
export interface EvaluatedWeights {
  /** Parts of the model that have random values. */
  incomplete: readonly MissingPart[];
  /** Keys whose values differ from those of the training. */
  differences: readonly ModelDifference[];
}

/** Notes of a run about its weights. */
export function weightsNotes({ incomplete, differences }: EvaluatedWeights): {
  code: string;
  message: MessageText;
}[] {
  return [
    ...(incomplete.length > 0
      ? [{ code: 'incomplete-model', message: incompleteModel(incomplete) }]
      : []),
    ...(differences.length > 0
      ? [{ code: 'other-model', message: describeOtherModel(differences) }]
      : []),
  ];
}

export interface EvaluationOutput {
  readonly folder: RunFolder;
  /** Whether a line is added to `log.txt`, as by BLIP's evaluation. */
  readonly writesLog: boolean;
  begin(begin: EvaluationBegin): void;
  /** Called when the weights are loaded. */
  loaded(weights: EvaluatedWeights): void;
  /** @param before number of examples of earlier splits */
  progress(split: Split, done: number, total: number, before: number): void;
  /** @param predictions the predictions file */
  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void;
  /** Ends the output and releases the folder's lock. @param exitCode exit code of the program */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message?: MessageText,
    hint?: MessageText | null,
    exitCode?: number,
  ): void;
}
