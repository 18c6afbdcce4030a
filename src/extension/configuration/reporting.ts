/** Selects the problems that this extension reports, so that no problem is reported twice. */
import type { ConfigProblem, ProblemCode } from '../../config/problem';

/** What another extension reports for a document: nothing, YAML syntax, or also violations of the schema. */
export type ReportedElsewhere = 'nothing' | 'syntax' | 'schema';

const bySyntax: readonly ProblemCode[] = ['syntax', 'duplicate-key'];
const bySchema: readonly ProblemCode[] = [
  ...bySyntax,
  'not-a-mapping',
  'unknown-key',
  'wrong-type',
  'out-of-range',
  'not-one-of',
  'bad-path',
];

/**
 * Filters out the problems that another extension reports. `yamlValidation` does not match a file that is a
 * configuration by its first line only: the Red Hat extension checks its syntax, not the schema.
 */
export function problemsToReport(
  problems: readonly ConfigProblem[],
  elsewhere: ReportedElsewhere,
): readonly ConfigProblem[] {
  switch (elsewhere) {
    case 'nothing':
      return problems;
    case 'syntax':
      return problems.filter(({ code }) => !bySyntax.includes(code));
    case 'schema':
      return problems.filter(({ code }) => !bySchema.includes(code));
  }
}
