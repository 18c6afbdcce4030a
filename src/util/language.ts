/** The language that people are spoken to in: English, until the editor's extension says otherwise. */
import { inEnglish, say, type Message, type Translate, type Words } from './phrase';
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

/** A message of another process or of a file as a person is to read it. */
export function localizedMessage({ message, phrase }: Message): string {
  return localized(phrase ?? message);
}

/** What to tell a person about anything thrown. `messageOf` says it in English, for logs. */
export function shownError(error: unknown): { message: string; hint: string | null } {
  const { message, hint } = errorWords(error);
  return { message: localized(message), hint: hint === null ? null : localized(hint) };
}
