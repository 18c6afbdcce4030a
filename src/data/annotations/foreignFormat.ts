import { localize } from '../../util/localize';
import { DataError } from '../dataError';

/** Recognizes files of other formats and returns the error for them; undefined if the file may be invalid JSON. */
export function detectForeignFormat(text: string, file: string): DataError | undefined {
  if (text.includes('\0'))
    return new DataError(
      localize('this is not a text file; expected one JSON list, or one JSON object per line'),
      { file },
    );
  if (text.trimStart().startsWith('<'))
    return new DataError(
      localize(
        'this is a web page or an XML document; download the annotations themselves, not their page',
      ),
      { file },
    );
  if (/^\s*version https:\/\/git-lfs/.test(text))
    return new DataError(
      localize('this is a Git LFS pointer, not the annotations; run `git lfs pull`'),
      { file },
    );
  const [header = ''] = text.trimStart().split(/\r?\n/, 1);
  const separator = [',', '\t', ';'].find((each) => header.split(each).length >= 3);
  if (separator === undefined || /[{[]/.test(header)) return undefined;
  return new DataError(
    localize(
      'this is a table (CSV), not JSON; convert it with {0}',
      `nlvr convert ${file} annotation.json`,
    ),
    { file },
  );
}
