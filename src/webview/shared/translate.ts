let strings: Record<string, string> | undefined;

/** Translations by English text, embedded in the page by the host. */
function translations(): Record<string, string> {
  if (strings) return strings;
  const element = typeof document === 'undefined' ? null : document.querySelector('script#strings');
  try {
    strings = JSON.parse(element?.textContent ?? '{}') as Record<string, string>;
  } catch {
    strings = {};
  }
  return strings;
}

/**
 * Returns the text in the user's language with `{0}`, `{1}` … replaced, like `vscode.l10n.t`.
 * @param text English text, which is also the key of the translation
 */
export function t(text: string, ...values: (string | number)[]): string {
  const translated = translations()[text] ?? text;
  return translated.replace(/\{(\d+)\}/g, (whole, index: string) => {
    const value = values[Number(index)];
    return value === undefined ? whole : String(value);
  });
}

/** Returns the language of the page, for `Intl`. */
export function language(): string {
  return (typeof document === 'undefined' ? '' : document.documentElement.lang) || 'en';
}
