/** The worst examples with their images. */
import { localized } from '../../util/language';
import { localize, type MessageText } from '../../util/localize';
import { number, percent } from '../numberFormat';
import type { Report, WorstExample } from './reportData';
import { html, type Html } from './html';
import { exact, paragraph, section, shortened } from './parts';
import { Thumbnails, type Thumbnail } from './thumbnails';

export async function examplesSection({ worst, wrong, imageRoot }: Report): Promise<Html> {
  const title = localize('Worst examples');
  if (worst.length === 0)
    return section(
      'examples',
      title,
      paragraph(localize(wrong === 0 ? 'No answer is wrong.' : 'None are shown.')),
    );
  const pictures = new Thumbnails(imageRoot);
  const items: Html[] = [];
  for (const each of worst) items.push(await example(each, pictures));
  return section(
    'examples',
    title,
    paragraph(
      localize(
        'Wrong answers: {0}. {1} are shown, the most confident ones first.',
        number(wrong),
        number(worst.length),
      ),
    ),
    html`<ol class="examples">
      ${items}
    </ol>`,
  );
}

async function example(
  { identifier, sentence, images, label, prediction, probLabel }: WorstExample,
  pictures: Thumbnails,
): Promise<Html> {
  const [left, right] = images;
  return html`<li>
    <p class="sentence" dir="auto">${shortened(sentence)}</p>
    <div class="pair">
      ${picture(await pictures.get(left), localize('left image'), left)}
      ${picture(await pictures.get(right), localize('right image'), right)}
    </div>
    <p>
      ${localized(localize('label {0}, predicted {1}', word(label === true), word(prediction)))}${
        probLabel !== null &&
        html`, ${localized(localize('probability of the label'))}
        ${exact(probLabel, percent(probLabel))}`
      }
    </p>
    <p class="identifier"><code>${shortened(identifier)}</code></p>
  </li>`;
}

function picture(found: Thumbnail, name: MessageText, path: string): Html {
  if ('url' in found) return html`<img src="${found.url}" alt="${localized(name)}" />`;
  return html`<p class="missing">
    ${localized(name)}: ${localized(found.problem)} <code>${shortened(path)}</code>
  </p>`;
}

/** As the annotations write it, in every language. */
function word(answer: boolean): string {
  return answer ? 'True' : 'False';
}
