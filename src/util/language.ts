/** The language that people are spoken to in: English, until the editor's extension says otherwise. */
import {
  inEnglish,
  phraseIn,
  say,
  type Message,
  type Phrase,
  type Translate,
  type Words,
} from './phrase';
import { errorWords } from './userError';

let translate: Translate | undefined;

/** Speaks another language from now on. The extension calls it once, before anything is shown. */
export function speak(translator: Translate | undefined): void {
  translate = translator;
}

/** The words as a person is to read them. */
export function localized(words: Words): string {
  return translate === undefined ? inEnglish(words) : say(words, translate);
}

/** A message of another process or of a file as a person is to read it; a damaged phrase is passed over. */
export function localizedMessage({ message, phrase }: Message): string {
  return localized(phraseIn(phrase) ?? message);
}

/** What another process or a file says of a failure, as a person is to read it. */
export function localizedAdvice(said: {
  message: string | null;
  phrase?: Phrase;
  hint?: string | null;
  hintPhrase?: Phrase;
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

/** What to tell a person about anything thrown. `messageOf` says it in English, for logs. */
export function shownError(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorWords(error);
  return { message: localized(message), hint: hint === null ? null : localized(hint) };
}
