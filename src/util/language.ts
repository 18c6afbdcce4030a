/** The language of messages in the interface: English, unless the extension sets a translator. */
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

/** Sets the translator. The extension calls it once, before anything is shown. */
export function setTranslator(translator: Translate | undefined): void {
  translate = translator;
}

/** The text in the language of the interface. */
export function localized(words: MessageText): string {
  return translate === undefined ? inEnglish(words) : formatMessage(words, translate);
}

/** A stored message in the language of the interface. An invalid `phrase` is ignored. */
export function localizedMessage({ message, phrase }: StoredMessage): string {
  return localized(parseLocalizedMessage(phrase) ?? message);
}

/** A stored message and its hint in the language of the interface. */
export function localizedAdvice(advice: {
  message: string | null;
  phrase?: LocalizedMessage;
  hint?: string | null;
  hintPhrase?: LocalizedMessage;
}): { message: string | null; hint: string | null } {
  const { message, phrase, hint = null, hintPhrase } = advice;
  return {
    message: message === null ? null : localizedMessage({ message, ...(phrase && { phrase }) }),
    hint:
      hint === null
        ? null
        : localizedMessage({ message: hint, ...(hintPhrase && { phrase: hintPhrase }) }),
  };
}

/** The message and hint of a thrown value in the language of the interface. `messageOf` returns English, for logs. */
export function localizedError(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorDetails(error);
  return { message: localized(message), hint: hint === null ? null : localized(hint) };
}
