/** Which problems this extension reports itself, so that no line gets two squiggles. */
import type { ConfigProblem, ProblemCode } from '../../config/problem';

/** What another extension reports of a document: nothing, YAML's syntax, or what the schema says too. */
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
 * The problems that are left to report.
 * A file that is a configuration by its first line only is not matched by `yamlValidation`: the Red Hat
 * extension sees its syntax, and not the schema.
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
