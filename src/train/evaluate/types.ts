/** Where an evaluation outside of training reports its progress, in addition to its predictions. */
import { incompleteModel, type MissingPart } from '../../config/modelParts';
import type { ModelDifference } from '../../model/checkpointOrigin';
import { otherModel } from '../../model/loadRules';
import type { Split } from '../../run/events';
import type { RunFolder } from '../../run/runFolder';
import type { Metrics } from '../../analysis/metrics';
import type { MessageText } from '../../util/localize';
import type { Precision } from '../../util/precision';

/** What is known once the model is there. */
export interface EvaluationBegin {
  examples: Partial<Record<Split, number>>;
  device: string;
  tensorflow: string;
  precision: Precision;
  parameters: number;
}

/** What is to be said of the weights. */
export interface EvaluatedWeights {
  /** Parts of the model that have random values instead; none for a whole one. */
  incomplete: readonly MissingPart[];
  /** Keys in which the model is not the one that they were trained in. */
  differences: readonly ModelDifference[];
}

/** The notes that a run gets of it. */
export function weightsNotes({ incomplete, differences }: EvaluatedWeights): {
  code: string;
  message: MessageText;
}[] {
  return [
    ...(incomplete.length > 0
      ? [{ code: 'incomplete-model', message: incompleteModel(incomplete) }]
      : []),
    ...(differences.length > 0 ? [{ code: 'other-model', message: otherModel(differences) }] : []),
  ];
}

export interface EvaluationOutput {
  readonly folder: RunFolder;
  /** Whether `log.txt` gets a line of it, as BLIP's own evaluation adds one. */
  readonly writesLog: boolean;
  begin(begin: EvaluationBegin): void;
  /** The weights are there. */
  loaded(weights: EvaluatedWeights): void;
  /** @param before examples of the splits that are done */
  progress(split: Split, done: number, total: number, before: number): void;
  /** @param predictions the file that was written */
  result(split: Split, metrics: Metrics, seconds: number, predictions: string): void;
  /** Gives the folder back. @param exitCode what the program ends with */
  close(
    state: 'finished' | 'stopped' | 'failed',
    message?: MessageText,
    hint?: MessageText | null,
    exitCode?: number,
  ): void;
}
