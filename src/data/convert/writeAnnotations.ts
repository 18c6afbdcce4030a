import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { annotationText, type Part } from './convertTable';

export interface WrittenPart extends Omit<Part, 'annotations'> {
  file: string;
  examples: number;
}

/**
 * Writes each part: a part without a split to `output`, the others next to it with the split in the name
 * (`annotation_train.json`).
 * @throws {UserError} before anything is written, if a file exists and `overwrite` is false
 */
export function writeAnnotations(
  parts: readonly Part[],
  output: string,
  overwrite: boolean,
): WrittenPart[] {
  const extension = extname(output);
  const stem = basename(output, extension);
  const outputs = parts.map((part) => ({
    ...part,
    file:
      part.split === undefined
        ? output
        : join(dirname(output), `${stem}_${part.split}${extension || '.json'}`),
  }));
  const existing = outputs.find(({ file }) => existsSync(file));
  if (existing && !overwrite)
    throw new UserError(localize('{0} already exists.', existing.file), {
      hint: localize('Choose another name, or allow overwriting with --overwrite.'),
    });
  return outputs.map(({ annotations, ...part }) => {
    writeFileAtomic(part.file, annotationText(annotations));
    return { ...part, examples: annotations.length };
  });
}

/** Formats the lines of `nlvr.yaml` that refer to the files. */
export function configurationFor(parts: readonly WrittenPart[], imageRoot?: string): string {
  const [first] = parts;
  const name = (split: string): string => {
    const part = parts.find((each) => each.split === split);
    return part ? basename(part.file) : "''";
  };
  return [
    ...(imageRoot === undefined ? [] : [`image_root: ${imageRoot}`]),
    `ann_root: ${dirname(first.file)}`,
    'ann_files:',
    ...(first.split === undefined
      ? [`  train: ${basename(first.file)}`]
      : ['train', 'val', 'test'].map((split) => `  ${split}: ${name(split)}`)),
  ].join('\n');
}
