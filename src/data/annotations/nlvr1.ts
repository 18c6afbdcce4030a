import { basename } from 'node:path';
import type { Split } from '../split';
import { fieldError, imagePath, labelField, optionalText, stringField } from './fields';
import type { FormatReader, NewExample, ReadContext } from './format';
import { chooseLayout, type Layout } from './layout';
import { describeJson, type AnnotationEntry } from './entries';
import { localize } from '../../util/localize';

interface Nlvr1Item {
  entry: AnnotationEntry;
  identifier: string;
  directory: string;
  sentence: string;
  label: boolean | null;
}

/** Images per sentence: the same three boxes in all six orders. */
const orders = 6;

/** Names of the split in the release (train, dev or test) to try: that in the file name, then that of `split`. */
function releaseNames(file: string, split: Split): string[] {
  const inName = /train|dev|test/.exec(basename(file).toLowerCase())?.[0];
  const served = split === 'val' ? 'dev' : split;
  return [...new Set([...(inName ? [inName] : []), served, 'train', 'dev', 'test'])];
}

const layoutsOf = (release: string): Layout<Nlvr1Item>[] => {
  const name: Layout<Nlvr1Item> = ({ directory, identifier }) =>
    `${directory}/${release}-${identifier}`;
  return [
    (item) => `images/${name(item)}`,
    (item) => `${release}/images/${name(item)}`,
    (item) => name(item),
  ];
};

/**
 * Reads NLVR's annotations: JSON Lines with `structured_rep`. A line yields six examples, `<identifier>-<k>`: the left
 * image has order k, the right one order (k + 1) mod 6, at images/<directory>/<split>-<identifier>-<k>.png.
 */
export class Nlvr1Reader implements FormatReader {
  private readonly items: Nlvr1Item[] = [];

  constructor(
    private readonly context: ReadContext,
    private readonly split: Split,
  ) {}

  add(entry: AnnotationEntry): void {
    const identifier = stringField(entry, 'identifier');
    if (!/^\d+-\d+$/.test(identifier))
      throw fieldError(
        entry,
        'identifier',
        localize(
          'expected NLVR\'s number and position such as "72-0", found {0}',
          describeJson(identifier),
        ),
      );
    const directory = optionalText(entry, 'directory');
    if (directory === null)
      throw fieldError(
        entry,
        'directory',
        localize("expected the images' folder, found {0}", describeJson(entry.value.directory)),
      );
    this.items.push({
      // Drop the description of the image, by far the largest part of a line.
      entry: { ...entry, value: { identifier } },
      identifier,
      directory,
      sentence: stringField(entry, 'sentence'),
      label: labelField(entry),
    });
  }

  async finish(): Promise<NewExample[]> {
    const { file, imageRoot } = this.context;
    const layouts = releaseNames(file, this.split).flatMap(layoutsOf);
    const first = layouts.map(
      (layout): Layout<Nlvr1Item> =>
        (item) =>
          `${layout(item)}-0.png`,
    );
    const chosen = layouts[first.indexOf(await chooseLayout(this.items, first, imageRoot))];
    return this.items.flatMap((item) => this.examplesOf(item, chosen(item)));
  }

  private examplesOf(item: Nlvr1Item, path: string): NewExample[] {
    const { entry, identifier, sentence, label } = item;
    const images = Array.from({ length: orders }, (_, k) =>
      imagePath(entry, this.context.imageRoot, `${path}-${k}.png`, 'directory'),
    );
    return images.map((left, k) => ({
      identifier: `${identifier}-${k}`,
      sentence,
      images: [left, images[(k + 1) % orders]],
      label,
      consistencyGroup: identifier.slice(0, identifier.indexOf('-')),
      group: null,
      line: entry.line,
      ...(entry.span && { span: entry.span }),
    }));
  }
}
