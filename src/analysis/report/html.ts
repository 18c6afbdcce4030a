/** HTML from templates: every value is escaped, except for HTML that this module created. */

/** Escaped HTML, which only this module creates. */
export class Html {
  private constructor(readonly text: string) {}

  /** Creates HTML. @param parts literal parts of a template of the program; values are escaped */
  static of(parts: readonly string[], values: readonly Content[]): Html {
    return new Html(parts.reduce((before, part, i) => before + textOf(values[i - 1]) + part));
  }
}

/** Allowed values in a template: text is escaped, the elements of lists are concatenated. */
export type Content = string | number | Html | null | undefined | false | readonly Content[];

/** Creates escaped HTML from a template literal. Attributes must be in double quotes. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return Html.of(parts, values);
}

function textOf(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return value instanceof Html ? value.text : value.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text. Control characters, which HTML does not allow, are replaced by U+FFFD. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (sign) => entities[sign])
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, (sign) => (/[\t\n\r]/.test(sign) ? sign : '\ufffd'));
}
