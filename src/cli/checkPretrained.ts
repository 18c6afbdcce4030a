import type { LoadedConfig } from '../config/load';
import { isUrl } from '../config/paths';
import type { DataProblem } from '../data/check/problem';
import { readModelConfig } from '../model/config';
import { describeReport, isUnusualStart } from '../model/loadRules';
import { loadWeights } from '../model/loadWeights';
import { pretrainedOf } from '../train/modelSession';
import { storedMessage, localize, sentences } from '../util/localize';
import { UserError } from '../util/userError';

/** A problem of the configuration, of the weights to start from or of the data. */
export type CheckedProblem = Omit<DataProblem, 'code' | 'count'> & { code: string };

/** Whether the weights to start from are there, can be read to their end and fit; and what the model will lack of them. */
export async function checkPretrained(loaded: LoadedConfig): Promise<CheckedProblem[]> {
  const source = pretrainedOf(loaded);
  if (source === undefined) return [];
  const about = { code: 'pretrained', file: loaded.file };
  if (isUrl(source)) {
    const says = localize('`pretrained` is downloaded when training starts. It was not checked.');
    return [{ ...about, severity: 'information', ...storedMessage(says) }];
  }
  try {
    const weights = await loadWeights(source, readModelConfig(loaded.config, loaded.folder));
    try {
      for await (const [name] of weights.values()) void name;
    } finally {
      await weights.close();
    }
    const [first, ...others] = describeReport(weights.report);
    const says = storedMessage(sentences(localize('`pretrained`: {0}', first), ...others));
    const severity = isUnusualStart(weights.report) ? 'warning' : 'information';
    return [{ ...about, severity, ...says }];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { words, hintWords } = error;
    const says = localize('`pretrained`: {0}', hintWords ? sentences(words, hintWords) : words);
    return [{ ...about, severity: 'error', ...storedMessage(says) }];
  }
}
