import { existsSync } from 'node:fs';
import { fieldError, imagePath, labelField, optionalText, stringField } from './fields';
import {
  contrastSetOf,
  nlvr2ConsistencyGroup,
  type FormatReader,
  type NewExample,
  type ReadContext,
} from './format';
import { chooseLayout, type Layout } from './layout';
import { describeJson, type AnnotationEntry } from './entries';
import { localize } from '../../util/localize';

interface Nlvr2Item {
  entry: AnnotationEntry;
  identifier: string;
  /** First part of the identifier: train, dev, test1 … */
  set: string;
  /** Prefix of the file names: the identifier without the sentence number; in a contrast set, the whole identifier. */
  pair: string;
  directory: string | null;
  sentence: string;
  label: boolean | null;
  synset: string | null;
}

/** The release has training images in images/train/<directory>/ and the others in <set>/. */
const layouts: readonly Layout<Nlvr2Item>[] = [
  ({ set, pair, directory }) =>
    directory === null ? `${set}/${pair}` : `images/${set}/${directory}/${pair}`,
  ({ set, pair, directory }) =>
    directory === null ? `images/${set}/${pair}` : `${set}/${directory}/${pair}`,
  ({ pair, directory }) => (directory === null ? pair : `${directory}/${pair}`),
  ({ set, pair }) => `${set}/${pair}`,
  ({ pair }) => pair,
];

/** The release has PNG files; contrast sets have PNG and JPEG files. */
const EXTENSIONS = ['png', 'jpg'] as const;

/** Reads NLVR2's annotations: JSON Lines with `identifier` (split-set-pair-sentence) and without image paths. */
export class Nlvr2Reader implements FormatReader {
  private readonly items: Nlvr2Item[] = [];

  constructor(private readonly context: ReadContext) {}

  add(entry: AnnotationEntry): void {
    const identifier = stringField(entry, 'identifier');
    // The fifth number of a contrast set counts the modifications of an example, each with its own images.
    const parts = /^([A-Za-z0-9_]+)-\d+-\d+(?=-\d+$|-\d+-\d+$)/.exec(identifier);
    if (!parts)
      throw fieldError(
        entry,
        'identifier',
        localize(
          'expected NLVR2\'s split-set-pair-sentence such as "dev-850-0-0", found {0}',
          describeJson(identifier),
        ),
      );
    this.items.push({
      entry: { ...entry, value: { identifier } },
      identifier,
      pair: contrastSetOf(identifier) === null ? parts[0] : identifier,
      set: parts[1],
      directory: optionalText(entry, 'directory'),
      sentence: stringField(entry, 'sentence'),
      label: labelField(entry),
      synset: optionalText(entry, 'synset'),
    });
  }

  async finish(): Promise<NewExample[]> {
    const { imageRoot } = this.context;
    const left = layouts.flatMap((layout) =>
      EXTENSIONS.map(
        (extension): Layout<Nlvr2Item> =>
          (item) =>
            `${layout(item)}-img0.${extension}`,
      ),
    );
    const found = left.indexOf(await chooseLayout(this.items, left, imageRoot));
    const chosen = layouts[Math.floor(found / EXTENSIONS.length)];
    return this.items.map((item) => {
      const key = item.directory === null ? 'identifier' : 'directory';
      const image = (side: 0 | 1) => {
        const path = (extension: string) =>
          imagePath(item.entry, imageRoot, `${chosen(item)}-img${side}.${extension}`, key);
        // Look for a JPEG only in contrast sets; everything else is PNG.
        const jpeg = item.pair === item.identifier && !existsSync(path('png')) && path('jpg');
        return jpeg && existsSync(jpeg) ? jpeg : path('png');
      };
      return {
        identifier: item.identifier,
        sentence: item.sentence,
        images: [image(0), image(1)],
        label: item.label,
        consistencyGroup: nlvr2ConsistencyGroup(item.identifier),
        group: item.synset,
        line: item.entry.line,
        ...(item.entry.span && { span: item.entry.span }),
      };
    });
  }
}
