/** Pieces that sections of the report are made of. */
import { localized } from '../../util/language';
import type { MessageText } from '../../util/localize';
import { interval, percent } from '../figures';
import type { Interval } from '../statistics';
import { html, type Content, type Html } from './html';

/** Longest text of a person or of a file that is shown whole, in characters. */
const LONGEST = 600;

/** A part of the page with a heading. */
export function section(id: string, title: MessageText, ...content: Content[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${localized(title)}</h2>
    ${content}
  </section>`;
}

export function paragraph(words: MessageText): Html {
  return html`<p>${localized(words)}</p>`;
}

/** A number as it is written, with its exact value for programs. */
export function exact(value: number | null, text: string): Html {
  return value === null ? html`–` : html`<data value="${value}">${text}</data>`;
}

/** A share in percent, with its interval where there is one. */
export function share(value: number | null, ci95: Interval | null = null): Html {
  const range = ci95 === null ? null : html` <span class="ci">${interval(ci95)}</span>`;
  return html`${exact(value, percent(value))}${range}`;
}

export interface Column {
  title: MessageText;
  /** Text is left-aligned, numbers are right-aligned. */
  text?: boolean;
}

/** A table whose first column names its rows. It scrolls by itself where it is wider than the page. */
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

/** A text that somebody else wrote, no longer than is good for the page. */
export function shortened(text: string): string {
  const signs = [...text.slice(0, 2 * LONGEST)];
  return signs.length > LONGEST ? `${signs.slice(0, LONGEST - 1).join('')}…` : text;
}
