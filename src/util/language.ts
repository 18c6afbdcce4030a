/** The language that people are spoken to in: English, until the editor's extension says otherwise. */
import {
  inEnglish,
  parseLocalizedMessage,
  formatMessage,
  type StoredMessage,
  type LocalizedMessage,
  type Translate,
  type MessageText,
} from './localize';
import { errorDetails } from './userError';

let translate: Translate | undefined;

/** Speaks another language from now on. The extension calls it once, before anything is shown. */
export function setTranslator(translator: Translate | undefined): void {
  translate = translator;
}

/** The words as a person is to read them. */
export function localized(words: MessageText): string {
  return translate === undefined ? inEnglish(words) : formatMessage(words, translate);
}

/** A message of another process or of a file as a person is to read it; a damaged phrase is passed over. */
export function localizedMessage({ message, phrase }: StoredMessage): string {
  return localized(parseLocalizedMessage(phrase) ?? message);
}

/** What another process or a file says of a failure, as a person is to read it. */
export function localizedAdvice(said: {
  message: string | null;
  phrase?: LocalizedMessage;
  hint?: string | null;
  hintPhrase?: LocalizedMessage;
}): { message: string | null; hint: string | null } {
  const { message, phrase, hint = null, hintPhrase } = said;
  return {
    message: message === null ? null : localizedMessage({ message, ...(phrase && { phrase }) }),
    hint:
      hint === null
        ? null
        : localizedMessage({ message: hint, ...(hintPhrase && { phrase: hintPhrase }) }),
  };
}

/** The message of anything thrown, in the language of the interface. `messageOf` returns it in English, for logs. */
export function shownError(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorDetails(error);
  return { message: localized(message), hint: hint === null ? null : localized(hint) };
}
