/**
 * Texts that can be said in another language: an English sentence with places `{0}`, `{1}` … and the values for them.
 * The English sentence is the key of its translation, as in VS Code's bundles; `scripts/strings.mjs` collects every
 * sentence that is given to `phrase` as a literal.
 */
export interface Phrase {
  readonly text: string;
  readonly values: readonly PhraseValue[];
}

/** What stands in a place: as it is, or said in the same language. A list is said with commas. */
export type PhraseValue = string | number | Phrase | readonly PhraseValue[];

/** A text to show: a phrase, or one that is the same in every language (or known in English only). */
export type Words = string | Phrase;

/** As `vscode.l10n.t`: the text in a person's language, with its places filled. */
export type Translate = (text: string, ...values: string[]) => string;

/**
 * Makes a phrase.
 * @param text one literal, or a choice between literals by `?:`, so that it can be collected
 */
export function phrase(text: string, ...values: PhraseValue[]): Phrase {
  return { text, values };
}

/** Sentences one after the other. */
export function sentences(first: Words, ...others: readonly Words[]): Words {
  return others.reduce((before, next) => phrase('{0} {1}', before, next), first);
}

const comma = phrase(', ');

/** The words in the language of `translate`. */
export function say(words: PhraseValue, translate: Translate): string {
  if (typeof words === 'string') return words;
  if (typeof words === 'number') return String(words);
  if (isPhrase(words))
    return translate(words.text, ...words.values.map((value) => say(value, translate)));
  return words.map((each) => say(each, translate)).join(translate(comma.text));
}

/** The words in English: for the command line, for logs and for files. */
export function inEnglish(words: PhraseValue): string {
  return say(words, (text, ...values) =>
    text.replace(/\{(\d+)\}/g, (place, index: string) => values[Number(index)] ?? place),
  );
}

function isPhrase(value: Phrase | readonly PhraseValue[]): value is Phrase {
  return !Array.isArray(value);
}

/** A message as it is kept in files and handed between processes: in English, with what it is made of. */
export interface Message {
  message: string;
  /** Missing where the message is known in English only. */
  phrase?: Phrase;
}

/** The words as a message. */
export function messageFrom(words: Words): Message {
  const message = inEnglish(words);
  return typeof words === 'string' ? { message } : { message, phrase: words };
}

/** A message with what to do about it, as it is kept in files. */
export interface Advice extends Message {
  hint?: string;
  hintPhrase?: Phrase;
}

/** A message and a hint as they are kept in files. */
export function adviceFrom(message: Words, hint?: Words | null): Advice {
  if (hint === undefined || hint === null) return messageFrom(message);
  return {
    ...messageFrom(message),
    hint: inEnglish(hint),
    ...(typeof hint !== 'string' && { hintPhrase: hint }),
  };
}

/** The message in the language of `translate`. */
export function sayMessage({ message, phrase }: Message, translate: Translate): string {
  return phrase === undefined ? message : say(phrase, translate);
}

/** The phrase in something read from a file; undefined when it is none. */
export function phraseIn(value: unknown): Phrase | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { text, values } = value as { text?: unknown; values?: unknown };
  if (typeof text !== 'string' || !Array.isArray(values)) return undefined;
  return values.every(isValue) ? { text, values } : undefined;
}

function isValue(value: unknown): value is PhraseValue {
  if (typeof value === 'string' || typeof value === 'number') return true;
  return Array.isArray(value) ? value.every(isValue) : phraseIn(value) !== undefined;
}
