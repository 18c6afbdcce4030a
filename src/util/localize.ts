/**
 * A message that can be translated: an English text with placeholders `{0}`, `{1}` … and their values. The English text
 * is the key of its translation, as in VS Code's bundles. `scripts/strings.mjs` collects every literal that is passed to
 * `localize`.
 */
export interface LocalizedMessage {
  readonly text: string;
  readonly values: readonly MessageValue[];
}

/** The value of a placeholder, which may be localized itself. The items of a list are joined with commas. */
export type MessageValue = string | number | LocalizedMessage | readonly MessageValue[];

/** A text to show: a localized message, or a string that is the same in every language (or available only in English). */
export type MessageText = string | LocalizedMessage;

/** As `vscode.l10n.t`: the translation of a text with its placeholders replaced. */
export type Translate = (text: string, ...values: string[]) => string;

/**
 * Creates a localized message.
 * @param text a literal, or a conditional expression of literals, so that `scripts/strings.mjs` can collect it
 */
export function localize(text: string, ...values: MessageValue[]): LocalizedMessage {
  return { text, values };
}

/** Joins sentences with spaces. */
export function joinSentences(first: MessageText, ...others: readonly MessageText[]): MessageText {
  return others.reduce((before, next) => localize('{0} {1}', before, next), first);
}

const comma = localize(', ');

/** Formats a message with the translations of `translate`. */
export function formatMessage(message: MessageValue, translate: Translate): string {
  if (typeof message === 'string') return message;
  if (typeof message === 'number') return String(message);
  if (isLocalizedMessage(message))
    return translate(
      message.text,
      ...message.values.map((value) => formatMessage(value, translate)),
    );
  return message.map((each) => formatMessage(each, translate)).join(translate(comma.text));
}

/** Formats a message in English: for the command line, logs and files. */
export function inEnglish(message: MessageValue): string {
  return formatMessage(message, (text, ...values) =>
    text.replace(
      /\{(\d+)\}/g,
      (placeholder, index: string) => values[Number(index)] ?? placeholder,
    ),
  );
}

/** Limits the length of the values of a message, because a damaged file may contain names of megabytes. */
export function clipValues(message: MessageText, maxLength = 300): MessageText {
  const clip = (value: MessageValue): MessageValue => {
    if (typeof value === 'string')
      return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value;
    if (typeof value === 'number') return value;
    return isLocalizedMessage(value)
      ? { ...value, values: value.values.map(clip) }
      : value.slice(0, maxLength).map(clip);
  };
  return clip(message) as MessageText;
}

function isLocalizedMessage(
  value: LocalizedMessage | readonly MessageValue[],
): value is LocalizedMessage {
  return !Array.isArray(value);
}

/** A message in files and between processes: the English text, and the localized message that it was formatted from. */
export interface StoredMessage {
  message: string;
  /** Missing if the message is available only in English. */
  phrase?: LocalizedMessage;
}

/** Converts a message to its stored form. */
export function storedMessage(text: MessageText): StoredMessage {
  const message = inEnglish(text);
  return typeof text === 'string' ? { message } : { message, phrase: text };
}

/** A stored message with a hint (what to do). */
export interface StoredAdvice extends StoredMessage {
  hint?: string;
  hintPhrase?: LocalizedMessage;
}

/** Converts a message and a hint to their stored form. */
export function storedAdvice(message: MessageText, hint?: MessageText | null): StoredAdvice {
  if (hint === undefined || hint === null) return storedMessage(message);
  return {
    ...storedMessage(message),
    hint: inEnglish(hint),
    ...(typeof hint !== 'string' && { hintPhrase: hint }),
  };
}

/** Formats a stored message with the translations of `translate`. */
export function formatStoredMessage(
  { message, phrase }: StoredMessage,
  translate: Translate,
): string {
  return phrase === undefined ? message : formatMessage(phrase, translate);
}

/** Validates a localized message that was read from a file; undefined if it is invalid. */
export function parseLocalizedMessage(value: unknown): LocalizedMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { text, values } = value as { text?: unknown; values?: unknown };
  if (typeof text !== 'string' || !Array.isArray(values)) return undefined;
  return values.every(isValue) ? { text, values } : undefined;
}

function isValue(value: unknown): value is MessageValue {
  if (typeof value === 'string' || typeof value === 'number') return true;
  return Array.isArray(value) ? value.every(isValue) : parseLocalizedMessage(value) !== undefined;
}
