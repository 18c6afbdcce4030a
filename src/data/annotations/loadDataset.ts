import { resolve } from 'node:path';
import { guessColumns } from '../convert/columns';
import { DataError } from '../dataError';
import type { Split } from '../split';
import type { Dataset } from '../types';
import { BlipReader } from './blip';
import type { FormatReader, ReadContext } from './format';
import { Nlvr1Reader } from './nlvr1';
import { Nlvr2Reader } from './nlvr2';
import { locationOf, readEntries, uniterMessage, type AnnotationEntry } from './entries';
import { localize } from '../../util/localize';

type Format = Dataset['format'];

export interface LoadOptions {
  /** `auto` detects the format by the keys of the first annotation. */
  format: 'auto' | Format;
  /** Base folder of the image paths. */
  imageRoot: string;
}

/**
 * Reads the annotations of one split. Images are not read (see `checkDataset`), but their paths are resolved and must be
 * in `imageRoot`. A file without annotations yields a data set without examples.
 *
 * @throws {DataError} that names the file, line and key
 */
export async function loadDataset(
  file: string,
  split: Split,
  options: LoadOptions,
): Promise<Dataset> {
  const context = { file: resolve(file), imageRoot: resolve(options.imageRoot) };
  let format = options.format;
  let reader: FormatReader | undefined;
  const { isUtf8 } = await readEntries(context.file, (entry) => {
    if (format === 'auto') format = detectFormat(entry);
    reader ??= createReader(format, context, split);
    reader.add(entry);
  });
  const examples = reader ? await reader.finish() : [];
  return {
    split,
    format: format === 'auto' ? 'blip' : format,
    file: context.file,
    imageRoot: context.imageRoot,
    examples: examples.map((example, index) => ({ index, ...example })),
    ...(!isUtf8 && { notUtf8: true }),
  };
}

function createReader(format: Format, context: ReadContext, split: Split): FormatReader {
  switch (format) {
    case 'blip':
      return new BlipReader(context);
    case 'nlvr2':
      return new Nlvr2Reader(context);
    case 'nlvr1':
      return new Nlvr1Reader(context, split);
  }
}

function detectFormat(entry: AnnotationEntry): Format {
  const { value } = entry;
  if ('images' in value) return 'blip';
  if ('left_url' in value) return 'nlvr2';
  if ('structured_rep' in value) return 'nlvr1';
  const { left, right, sentence } = guessColumns(Object.keys(value));
  // Formats such as LXMERT's and MaRVL's, some with NLVR2's identifiers.
  if (left !== undefined && right !== undefined && sentence !== undefined)
    throw new DataError(
      localize(
        'these annotations use an unsupported format (keys: {0}); convert them with {1}',
        Object.keys(value).slice(0, 8),
        `nlvr convert ${entry.file} annotation.json`,
      ),
      locationOf(entry),
    );
  // Annotations that were reduced to the fields for training still have their identifiers.
  const identifier = typeof value.identifier === 'string' ? value.identifier : '';
  if (/^[A-Za-z0-9_]+-\d+-\d+-\d+(?:-\d+)?$/.test(identifier)) return 'nlvr2';
  if (/^\d+-\d+$/.test(identifier)) return 'nlvr1';
  // txt2img.json and id2len.json map identifiers to image files or to numbers.
  const [first] = Object.keys(value);
  if (first !== undefined && /^[A-Za-z0-9_]+-\d+-\d+-\d+$/.test(first))
    throw new DataError(uniterMessage, locationOf(entry));
  const keys = Object.keys(value).slice(0, 8).join(', ') || 'none';
  throw new DataError(
    localize(
      'the format is not recognized (keys: {0}); expected "images" (BLIP), "left_url" (NLVR2) or "structured_rep" (NLVR)',
      keys,
    ),
    locationOf(entry),
  );
}
