/** Distinct texts to translate, sorted. */
export function translatedTexts(): string[];
/** Problems of the translation files, such as missing and unused texts; empty if there are none. */
export function translationProblems(): string[];
