import type { LoadedConfig } from '../config/load';
import { isUrl } from '../config/paths';
import type { DataProblem } from '../data/check/problem';
import { readModelConfig } from '../model/config';
import { describeReport, isUnusualStart } from '../model/loadRules';
import { loadWeights } from '../model/loadWeights';
import { pretrainedOf } from '../train/modelSession';
import { storedMessage, localize, joinSentences } from '../util/localize';
import { UserError } from '../util/userError';

/** A problem in the configuration, the pretrained weights or the data. */
export type CheckedProblem = Omit<DataProblem, 'code' | 'count'> & { code: string };

/** Checks that the pretrained weights exist, can be read completely and fit the model; lists missing parameters. */
export async function checkPretrained(loaded: LoadedConfig): Promise<CheckedProblem[]> {
  const source = pretrainedOf(loaded);
  if (source === undefined) return [];
  const common = { code: 'pretrained', file: loaded.file };
  if (isUrl(source)) {
    const message = localize(
      '`pretrained` is downloaded when training starts. It was not checked.',
    );
    return [{ ...common, severity: 'information', ...storedMessage(message) }];
  }
  try {
    const weights = await loadWeights(source, readModelConfig(loaded.config, loaded.folder));
    try {
      for await (const [name] of weights.values()) void name;
    } finally {
      await weights.close();
    }
    const [first, ...others] = describeReport(weights.report);
    const message = storedMessage(joinSentences(localize('`pretrained`: {0}', first), ...others));
    const severity = isUnusualStart(weights.report) ? 'warning' : 'information';
    return [{ ...common, severity, ...message }];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { messageText, hintText } = error;
    const message = localize(
      '`pretrained`: {0}',
      hintText ? joinSentences(messageText, hintText) : messageText,
    );
    return [{ ...common, severity: 'error', ...storedMessage(message) }];
  }
}
