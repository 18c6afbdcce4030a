import { basename } from 'node:path';
import type { StoredRobustness } from '../../analysis/robustnessFile';
import { incompleteModel } from '../../config/modelParts';
import { localized } from '../../util/language';
import type { RobustnessResult } from '../../webview/analysis/messages';

/** Maximum number of pairs that the panel lists; Failed Examples shows all. */
const MAX_PAIRS = 100;

/** Converts a stored result to what the panel shows. */
export function shownRobustness({ file, result }: StoredRobustness): RobustnessResult {
  const { created, split, epoch, checkpoint, incomplete, examples, splitExamples } = result;
  const { accuracy, ci95, majority, tests } = result;
  return {
    file: basename(file),
    ...{ created, split, epoch, checkpoint, examples, splitExamples, accuracy, ci95, majority },
    incomplete: incomplete ? localized(incompleteModel(incomplete)) : null,
    tests: tests.map(({ pairs, ...numbers }) => ({
      ...numbers,
      pairs: numbers.test === 'exchanged' ? pairs.slice(0, MAX_PAIRS) : [],
    })),
  };
}
