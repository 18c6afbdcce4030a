/** HTML that is made of data: every value is escaped, and only what this module made is taken as it is. */

/** Escaped HTML. Nobody else makes one. */
export class Html {
  private constructor(readonly text: string) {}

  /** @param text HTML by construction: from a template literal of the program, its values escaped */
  static of(parts: readonly string[], values: readonly Content[]): Html {
    return new Html(parts.reduce((before, part, i) => before + textOf(values[i - 1]) + part));
  }
}

/** What is allowed in a template: text and numbers are escaped, lists are written one after the other. */
export type Content = string | number | Html | null | undefined | false | readonly Content[];

/** Escaped HTML of a template literal. Attributes must be in double quotes. */
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

/** Control characters are shown as one sign: HTML has no place for them. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (sign) => entities[sign])
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, (sign) => (/[\t\n\r]/.test(sign) ? sign : '\ufffd'));
}
