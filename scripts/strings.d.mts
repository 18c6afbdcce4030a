/** Texts of the extension that are translated, sorted, each once. */
export function translatedTexts(): string[];
/** What is missing from or superfluous in the translation files, as sentences; empty when all is well. */
export function translationProblems(): string[];
