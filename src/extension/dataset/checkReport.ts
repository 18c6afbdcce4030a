/** Parses the output of `nlvr check --json`. */
import { localize, parseLocalizedMessage, type StoredMessage } from '../../util/localize';
import { commandError } from '../trainer/commandError';
import { UserError } from '../../util/userError';

export type Severity = 'error' | 'warning' | 'information';

export interface CheckProblem extends StoredMessage {
  severity: Severity;
  code: string;
  /** Absolute path of the file with the problem. */
  file: string;
  /** 1-based; undefined for a problem of the whole file. */
  line?: number;
  /** 1-based columns, if other annotations are on the line. */
  column?: number;
  endColumn?: number;
  split?: string;
  /** The message without the cases. */
  summary?: StoredMessage;
  /** Every case, in the order of the file. */
  cases?: readonly CheckCase[];
  /** Total number of cases, if `cases` does not have all. */
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
  /** The other counts of the check, by name, in their order. */
  counts: Readonly<Record<string, number>>;
}

export interface CheckReport {
  problems: readonly CheckProblem[];
  splits: Readonly<Partial<Record<string, SplitReport>>>;
}

/** Parses the problems that a run found in its data while it trained; none if the file has another form. */
export function parseRunProblems(text: string): CheckProblem[] {
  try {
    const value: unknown = JSON.parse(text);
    const problems = isRecord(value) && Array.isArray(value.problems) ? value.problems : [];
    return problems.flatMap((each) => problemOf(each) ?? []);
  } catch {
    return [];
  }
}

/** @throws {UserError} when the output is not a report, with the message of `stderr`. */
export function parseCheckReport(stdout: string, stderr: string): CheckReport {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch (cause) {
    throw commandError(stderr, localize('The data check ended without a report.'), cause);
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
  const stored = parseLocalizedMessage(value.phrase);
  const summary = isRecord(value.summary) ? messageIn(value.summary) : undefined;
  const cases = Array.isArray(value.cases) ? value.cases.flatMap((each) => caseOf(each) ?? []) : [];
  return {
    severity: severity === 'warning' || severity === 'information' ? severity : 'error',
    code: typeof code === 'string' ? code : '',
    message,
    ...(stored && { phrase: stored }),
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
  const stored = parseLocalizedMessage(phrase);
  return typeof message === 'string' ? { message, ...(stored && { phrase: stored }) } : undefined;
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
