import { posix } from 'node:path';
import { fieldError, imagePath, labelField, optionalText, stringField } from './fields';
import { consistencyGroupOf, type FormatReader, type NewExample, type ReadContext } from './format';
import { describeJson, type AnnotationEntry } from './entries';
import { localize } from '../../util/localize';

/**
 * Reads BLIP's annotations: `{"images": [left, right], "sentence", "label"}`, paths relative to `image_root`.
 * Two keys are optional: `identifier` (an NLVR2 identifier determines the consistency group) and `group`, by which accuracy
 * is reported (`kind` and `synset` are read, too).
 */
export class BlipReader implements FormatReader {
  private readonly examples: NewExample[] = [];
  /** Number of sentences so far, by derived name. */
  private readonly sentences = new Map<string, number>();

  constructor(private readonly context: ReadContext) {}

  add(entry: AnnotationEntry): void {
    const sentence = stringField(entry, 'sentence');
    const label = labelField(entry);
    const [left, right] = imagesField(entry);
    const { imageRoot } = this.context;
    const identifier = optionalText(entry, 'identifier');
    this.examples.push({
      identifier: identifier ?? this.derivedIdentifier(left),
      sentence,
      images: [
        imagePath(entry, imageRoot, left, 'images[0]'),
        imagePath(entry, imageRoot, right, 'images[1]'),
      ],
      label,
      consistencyGroup: identifier && consistencyGroupOf(identifier),
      group:
        ['group', 'kind', 'synset']
          .map((key) => optionalText(entry, key))
          .find((text) => text !== null) ?? null,
      line: entry.line,
      ...(entry.span && { span: entry.span }),
    });
  }

  finish(): Promise<NewExample[]> {
    return Promise.resolve(this.examples);
  }

  /**
   * Derives an identifier: the left file's name without `-img0` and extension, plus `#k` for its k-th sentence, from 0.
   * Counts by name, so that identifiers are unique if a left image occurs with several right ones.
   */
  private derivedIdentifier(left: string): string {
    const name = posix.parse(left).name.replace(/-img0$/, '');
    const count = this.sentences.get(name) ?? 0;
    this.sentences.set(name, count + 1);
    return `${name}#${count}`;
  }
}

function imagesField(entry: AnnotationEntry): [string, string] {
  const images = entry.value.images;
  if (!Array.isArray(images) || images.length !== 2)
    throw fieldError(
      entry,
      'images',
      Array.isArray(images)
        ? localize('expected two paths, left and right, found {0}', images.length)
        : localize('expected a list of two paths, left and right, found {0}', describeJson(images)),
    );
  const [left, right] = images.map((path: unknown, i) => {
    if (typeof path !== 'string')
      throw fieldError(
        entry,
        `images[${i}]`,
        localize('expected a path, found {0}', describeJson(path)),
      );
    return path;
  });
  return [left, right];
}
