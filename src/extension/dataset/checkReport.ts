/** What `nlvr check --json` says. */
import { localize, parseLocalizedMessage, type StoredMessage } from '../../util/localize';
import { failureIn } from '../trainer/failure';
import { UserError } from '../../util/userError';

export type Severity = 'error' | 'warning' | 'information';

export interface CheckProblem extends StoredMessage {
  severity: Severity;
  code: string;
  /** Absolute path of the file it is about. */
  file: string;
  /** 1-based; absent when it is about the whole file. */
  line?: number;
  /** 1-based columns, if other annotations are on the line. */
  column?: number;
  endColumn?: number;
  split?: string;
  /** The message without the cases. */
  summary?: StoredMessage;
  /** Every case, in the order of the file. */
  cases?: readonly CheckCase[];
  /** How many cases there are, where `cases` does not have all. */
  count?: number;
}

/** One case of a problem: an example or an image. */
export interface CheckCase extends StoredMessage {
  line: number;
  column?: number;
  endColumn?: number;
  identifier: string;
}

export interface SplitReport {
  examples: number;
  /** Everything else that the check counted, by name, in its order. */
  counts: Readonly<Record<string, number>>;
}

export interface CheckReport {
  problems: readonly CheckProblem[];
  splits: Readonly<Partial<Record<string, SplitReport>>>;
}

/** The problems that a run found in its data while it trained; none where the file says nothing of the kind. */
export function problemsIn(text: string): CheckProblem[] {
  try {
    const value: unknown = JSON.parse(text);
    const problems = isRecord(value) && Array.isArray(value.problems) ? value.problems : [];
    return problems.flatMap((each) => problemOf(each) ?? []);
  } catch {
    return [];
  }
}

/** @throws {UserError} when the output is not such a report: `stderr` then says why. */
export function parseCheckReport(stdout: string, stderr: string): CheckReport {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch (cause) {
    throw failureIn(stderr, localize('The data check ended without a report.'), cause);
  }
  if (!isRecord(value)) throw new UserError(localize('The data check gave no report.'));
  const problems = Array.isArray(value.problems) ? value.problems : [];
  const splits = isRecord(value.splits) ? value.splits : {};
  return {
    problems: problems.flatMap((each) => problemOf(each) ?? []),
    splits: Object.fromEntries(
      Object.entries(splits).flatMap(([name, each]) => {
        const report = splitOf(each);
        return report ? [[name, report]] : [];
      }),
    ),
  };
}

function problemOf(value: unknown): CheckProblem | undefined {
  if (!isRecord(value) || typeof value.message !== 'string') return undefined;
  const { severity, code, message, file, line, split, count } = value;
  const words = parseLocalizedMessage(value.phrase);
  const summary = isRecord(value.summary) ? messageIn(value.summary) : undefined;
  const cases = Array.isArray(value.cases) ? value.cases.flatMap((each) => caseOf(each) ?? []) : [];
  return {
    severity: severity === 'warning' || severity === 'information' ? severity : 'error',
    code: typeof code === 'string' ? code : '',
    message,
    ...(words && { phrase: words }),
    file: typeof file === 'string' ? file : '',
    ...(typeof line === 'number' && line >= 1 && { line }),
    ...columnsIn(value),
    ...(typeof split === 'string' && { split }),
    ...(summary && cases.length > 0 && { summary, cases }),
    ...(typeof count === 'number' && { count }),
  };
}

function caseOf(value: unknown): CheckCase | undefined {
  const message = isRecord(value) ? messageIn(value) : undefined;
  if (!isRecord(value) || !message || typeof value.line !== 'number' || value.line < 1)
    return undefined;
  const { line, identifier } = value;
  return {
    ...message,
    line,
    ...columnsIn(value),
    identifier: typeof identifier === 'string' ? identifier : '',
  };
}

function messageIn({ message, phrase }: Record<string, unknown>): StoredMessage | undefined {
  const words = parseLocalizedMessage(phrase);
  return typeof message === 'string' ? { message, ...(words && { phrase: words }) } : undefined;
}

function columnsIn({ column, endColumn }: Record<string, unknown>): {
  column?: number;
  endColumn?: number;
} {
  return {
    ...(typeof column === 'number' && column >= 1 && { column }),
    ...(typeof endColumn === 'number' && endColumn >= 1 && { endColumn }),
  };
}

function splitOf(value: unknown): SplitReport | undefined {
  if (!isRecord(value) || typeof value.examples !== 'number') return undefined;
  const counts = Object.entries(value).filter(
    (entry): entry is [string, number] => entry[0] !== 'examples' && typeof entry[1] === 'number',
  );
  return { examples: value.examples, counts: Object.fromEntries(counts) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
