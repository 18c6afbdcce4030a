/** Tool that returns the stored robustness results of a run; it runs no test. */
import type { TestNumbers } from '../analysis/robustness';
import { readRobustness, type StoredRobustness } from '../analysis/robustnessFile';
import { readRunInfo } from '../run/read/migrate';
import type { Split } from '../run/events';
import { localize } from '../util/localize';
import { UserError } from '../util/userError';
import { leftOut } from './bounded';
import { DEFAULT_PAIRS } from './definitions';
import { requireRun, type ReadAccess } from './readAccess';

const MAX_RESULTS = 20;

export interface RobustnessInput {
  run: string;
  split?: Split;
  checkpoint?: string;
  pairs?: number;
}

/** Returns the newest stored result that matches, and lists the others. */
export async function robustnessOf(
  { run, split, checkpoint, pairs = DEFAULT_PAIRS }: RobustnessInput,
  access: ReadAccess,
): Promise<Record<string, unknown>> {
  const folder = await requireRun(run, access);
  const name = (await readRunInfo(folder))?.name ?? run;
  const stored = await readRobustness(folder);
  const chosen = stored.find(
    ({ result }) =>
      (split === undefined || result.split === split) &&
      (checkpoint === undefined || result.checkpoint.includes(checkpoint)),
  );
  if (!chosen) throw noResult(name, stored);
  const others = stored.filter((each) => each !== chosen);
  const { tests, ...result } = chosen.result;
  const changed = tests.flatMap(({ test, pairs: ofTest }) =>
    ofTest.slice(0, pairs).map((pair) => ({ test, ...pair })),
  );
  return {
    folder,
    name,
    ...result,
    tests: tests.map(withoutPairs),
    changedAnswers: changed,
    otherResults: others.slice(0, MAX_RESULTS).map(described),
    ...leftOut({
      changedAnswers: tests.reduce((sum, { flips }) => sum + flips, 0) - changed.length,
      otherResults: others.length - MAX_RESULTS,
    }),
  };
}

function noResult(name: string, stored: readonly StoredRobustness[]): UserError {
  if (stored.length === 0)
    return new UserError(localize('{0} has no stored robustness results.', name), {
      hint: localize('The user can create one with Test Robustness… or nlvr robustness.'),
    });
  return new UserError(localize('{0} has no such robustness result.', name), {
    hint: localize('There are: {0}.', [
      ...new Set(stored.map(({ result }) => `${result.split} ${result.checkpoint}`)),
    ]),
  });
}

function withoutPairs({ pairs: _, ...numbers }: TestNumbers): Omit<TestNumbers, 'pairs'> {
  return numbers;
}

function described({ result }: StoredRobustness): Record<string, unknown> {
  const { split, checkpoint, epoch, step, limit, examples, accuracy, created } = result;
  return { split, checkpoint, epoch, step, limit, examples, accuracy, created };
}
