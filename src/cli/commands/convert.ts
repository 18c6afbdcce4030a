import { guessColumns, roles, type Columns, type Role } from '../../data/convert/columns';
import { convertTable, readTable, type Table } from '../../data/convert/convertTable';
import type { Ratio } from '../../data/convert/splitPairs';
import { configurationFor, writeAnnotations } from '../../data/convert/writeAnnotations';
import { UserError } from '../../util/userError';
import { userPath } from '../userPath';

export interface ConvertCommandOptions {
  left?: string;
  right?: string;
  sentence?: string;
  label?: string;
  identifier?: string;
  split_column?: string;
  ratio?: string;
  image_root?: string;
  image_extension?: string;
  seed?: number;
  overwrite?: boolean;
  json?: boolean;
}

/** `nlvr convert`: converts a table with the columns left, right, sentence and label to annotations. */
export async function convert(
  input: string,
  output: string,
  options: ConvertCommandOptions,
): Promise<void> {
  const { split_column, ratio, image_root, image_extension, seed = 42, overwrite, json } = options;
  if (split_column !== undefined && ratio !== undefined)
    throw new UserError('--split_column and --ratio cannot be combined.', {
      hint: 'Omit one of them.',
    });
  const table = await readTable(userPath(input));
  const imageRoot = image_root === undefined ? undefined : userPath(image_root);
  const parts = convertTable(table, {
    columns: columnsOf(table, options),
    ...(imageRoot !== undefined && { imageRoot }),
    ...(image_extension !== undefined && {
      imageExtension: `.${image_extension.replace(/^\./, '')}`,
    }),
    split: ratio !== undefined ? ratioOf(ratio) : split_column !== undefined ? 'column' : undefined,
    seed,
  });
  const written = writeAnnotations(parts, userPath(output), overwrite === true);
  if (json) {
    process.stdout.write(`${JSON.stringify({ files: written })}\n`);
    return;
  }
  for (const { file, examples, labels } of written)
    process.stdout.write(
      `Wrote ${examples} examples to ${file} (${labels.true} true, ${labels.false} false, ${labels.none} without a label).\n`,
    );
  process.stdout.write(`\n# nlvr.yaml\n${configurationFor(written, imageRoot)}\n`);
}

/** Finds the columns: those of the command line, otherwise guessed from the header. */
function columnsOf({ file, header }: Table, options: ConvertCommandOptions): Columns {
  const columns = guessColumns(header);
  for (const role of roles) {
    const name = role === 'split' ? options.split_column : options[role];
    if (name === undefined) continue;
    const at = header.findIndex((each) => each.toLowerCase() === name.toLowerCase());
    if (at < 0) throw missingColumnError(file, header, role, name);
    columns[role] = at;
  }
  return columns;
}

function missingColumnError(
  file: string,
  header: readonly string[],
  role: Role,
  name: string,
): UserError {
  return new UserError(`${file} has no column "${name}" for ${role}.`, {
    hint: `Its columns are ${header.join(', ')}.`,
  });
}

function ratioOf(text: string): Ratio {
  const shares = text.split(',').map((share) => (share.trim() === '' ? NaN : Number(share)));
  const [train, val, test = 0] = shares;
  const isValid =
    (shares.length === 2 || shares.length === 3) &&
    shares.every((share) => Number.isFinite(share) && share >= 0) &&
    train > 0;
  if (!isValid)
    throw new UserError(`--ratio ${text}: expected two or three shares.`, {
      hint: 'Specify the shares of train, val and test, such as 80,10,10.',
    });
  return { train, val, test };
}
