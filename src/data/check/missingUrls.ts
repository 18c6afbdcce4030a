import { relative } from 'node:path';
import { csvRow } from '../../util/csv';
import { readEntries } from '../annotations/entries';
import type { Dataset } from '../types';
import { findMissing } from './images';

/**
 * Lists the URLs of missing images from NLVR2's annotations, as a CSV table with the columns split, identifier (of the
 * first example that shows the image), image (relative to `imageRoot`) and url (empty if unknown).
 */
export async function missingUrls(
  datasets: readonly Dataset[],
  imageRoot: string,
): Promise<{ images: number; csv: string }> {
  const all = new Set(datasets.flatMap(({ examples }) => examples.flatMap((e) => e.images)));
  const missing = await findMissing(all);
  const rows: string[] = [csvRow(['split', 'identifier', 'image', 'url'])];
  for (const { file, split, examples } of datasets) {
    const urls = new Map<string, [unknown, unknown]>();
    await readEntries(file, ({ value }) => {
      if (typeof value.identifier === 'string')
        urls.set(value.identifier, [value.left_url, value.right_url]);
    });
    for (const { identifier, images } of examples)
      for (const [side, image] of images.entries()) {
        // List each image once, with the first split that shows it.
        if (!missing.delete(image)) continue;
        const url = urls.get(identifier)?.[side];
        rows.push(
          csvRow([
            split,
            identifier,
            relative(imageRoot, image),
            typeof url === 'string' ? url : '',
          ]),
        );
      }
  }
  return { images: rows.length - 1, csv: `${rows.join('\n')}\n` };
}
