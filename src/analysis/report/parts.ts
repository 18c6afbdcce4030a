/** Building blocks of the sections of a report. */
import { localized } from '../../util/language';
import type { MessageText } from '../../util/localize';
import { interval, percent } from '../numberFormat';
import type { Interval } from '../statistics';
import { html, type Content, type Html } from './html';

/** Maximum length of texts from users and files, in characters. */
const MAX_TEXT_LENGTH = 600;

/** A section of the page with a heading. */
export function section(id: string, title: MessageText, ...content: Content[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${localized(title)}</h2>
    ${content}
  </section>`;
}

export function paragraph(words: MessageText): Html {
  return html`<p>${localized(words)}</p>`;
}

/** A formatted number, with its exact value for programs. */
export function exact(value: number | null, text: string): Html {
  return value === null ? html`–` : html`<data value="${value}">${text}</data>`;
}

/** A share in percent, with its interval if there is one. */
export function share(value: number | null, ci95: Interval | null = null): Html {
  const range = ci95 === null ? null : html` <span class="ci">${interval(ci95)}</span>`;
  return html`${exact(value, percent(value))}${range}`;
}

export interface Column {
  title: MessageText;
  /** Text is left-aligned, numbers are right-aligned. */
  text?: boolean;
}

/** A table whose first column has row headers. It scrolls if it is wider than the page. */
export function table(
  caption: MessageText,
  columns: readonly Column[],
  rows: readonly { cells: readonly Content[]; marked?: boolean }[],
): Html {
  const kind = ({ text }: Column): string => (text ? 'text' : 'number');
  return html`<div class="table" tabindex="0" role="group" aria-label="${localized(caption)}">
    <table>
      <caption>
        ${localized(caption)}
      </caption>
      <thead>
        <tr>
          ${columns.map((each) => html`<th scope="col" class="${kind(each)}">${localized(each.title)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ cells, marked }) =>
            html`<tr class="${marked ? 'marked' : ''}">
              ${cells.map((cell, i) =>
                i === 0
                  ? html`<th scope="row" class="text">${cell}</th>`
                  : html`<td class="${kind(columns[i])}">${cell}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Truncates a text from a user or a file. */
export function shortened(text: string): string {
  const signs = [...text.slice(0, 2 * MAX_TEXT_LENGTH)];
  return signs.length > MAX_TEXT_LENGTH ? `${signs.slice(0, MAX_TEXT_LENGTH - 1).join('')}…` : text;
}
