import { localize, type MessageText } from '../util/localize';
import { UserError } from '../util/userError';
import type { ConfigProblem } from './problem';

/** An invalid configuration. `problems` has all problems; the message describes the first ones in one paragraph. */
export class ConfigError extends UserError {
  override readonly name = 'ConfigError';
  /** The file with the problems, if it is not the configuration itself. */
  readonly file: string | undefined;

  constructor(
    message: MessageText,
    readonly problems: readonly ConfigProblem[],
    options: { hint?: MessageText; cause?: unknown; file?: string } = {},
  ) {
    super(message, options);
    this.file = options.file;
  }
}

const MAX_SHOWN = 5;

/** Describes the first problems in one paragraph, as `nlvr.yaml:3:10: …`. */
export function describeErrors(file: string, errors: readonly ConfigProblem[]): MessageText {
  const lines: MessageText[] = errors
    .slice(0, MAX_SHOWN)
    .map(({ message, phrase: words = message, line, column, range }) =>
      range[1] === 0 ? words : localize('{0}: {1}', `${file}:${line}:${column}`, words),
    );
  const more = errors.length - lines.length;
  if (more > 0) lines.push(localize('… and {0} more.', more));
  return lines.reduce((before, next) => localize('{0}\n{1}', before, next));
}
