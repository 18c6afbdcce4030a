/**
 * Texts that can be said in another language: an English sentence with places `{0}`, `{1}` … and the values for them.
 * The English sentence is the key of its translation, as in VS Code's bundles; `scripts/strings.mjs` collects every
 * sentence that is given to `phrase` as a literal.
 */
export interface LocalizedMessage {
  readonly text: string;
  readonly values: readonly MessageValue[];
}

/** The value of a placeholder: as it is, or localized. The items of a list are joined with commas. */
export type MessageValue = string | number | LocalizedMessage | readonly MessageValue[];

/** A text to show: a phrase, or one that is the same in every language (or known in English only). */
export type MessageText = string | LocalizedMessage;

/** As `vscode.l10n.t`: the text in a person's language, with its places filled. */
export type Translate = (text: string, ...values: string[]) => string;

/**
 * Makes a phrase.
 * @param text one literal, or a choice between literals by `?:`, so that it can be collected
 */
export function localize(text: string, ...values: MessageValue[]): LocalizedMessage {
  return { text, values };
}

/** Sentences one after the other. */
export function sentences(first: MessageText, ...others: readonly MessageText[]): MessageText {
  return others.reduce((before, next) => localize('{0} {1}', before, next), first);
}

const comma = localize(', ');

/** The words in the language of `translate`. */
export function formatMessage(words: MessageValue, translate: Translate): string {
  if (typeof words === 'string') return words;
  if (typeof words === 'number') return String(words);
  if (isPhrase(words))
    return translate(words.text, ...words.values.map((value) => formatMessage(value, translate)));
  return words.map((each) => formatMessage(each, translate)).join(translate(comma.text));
}

/** The words in English: for the command line, for logs and for files. */
export function inEnglish(words: MessageValue): string {
  return formatMessage(words, (text, ...values) =>
    text.replace(/\{(\d+)\}/g, (place, index: string) => values[Number(index)] ?? place),
  );
}

/** Words with values of a length that a person reads: a damaged file may have names of megabytes. */
export function clipValues(words: MessageText, longest = 300): MessageText {
  const clip = (value: MessageValue): MessageValue => {
    if (typeof value === 'string')
      return value.length > longest ? `${value.slice(0, longest)}…` : value;
    if (typeof value === 'number') return value;
    return isPhrase(value)
      ? { ...value, values: value.values.map(clip) }
      : value.slice(0, longest).map(clip);
  };
  return clip(words) as MessageText;
}

function isPhrase(value: LocalizedMessage | readonly MessageValue[]): value is LocalizedMessage {
  return !Array.isArray(value);
}

/** A message as it is kept in files and handed between processes: in English, with what it is made of. */
export interface StoredMessage {
  message: string;
  /** Missing where the message is known in English only. */
  phrase?: LocalizedMessage;
}

/** The words as a message. */
export function storedMessage(words: MessageText): StoredMessage {
  const message = inEnglish(words);
  return typeof words === 'string' ? { message } : { message, phrase: words };
}

/** A message with what to do about it, as it is kept in files. */
export interface StoredAdvice extends StoredMessage {
  hint?: string;
  hintPhrase?: LocalizedMessage;
}

/** A message and a hint as they are kept in files. */
export function storedAdvice(message: MessageText, hint?: MessageText | null): StoredAdvice {
  if (hint === undefined || hint === null) return storedMessage(message);
  return {
    ...storedMessage(message),
    hint: inEnglish(hint),
    ...(typeof hint !== 'string' && { hintPhrase: hint }),
  };
}

/** The message in the language of `translate`. */
export function formatStoredMessage(
  { message, phrase }: StoredMessage,
  translate: Translate,
): string {
  return phrase === undefined ? message : formatMessage(phrase, translate);
}

/** The phrase in something read from a file; undefined when it is none. */
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
