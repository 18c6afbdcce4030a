import { readFileSync } from 'node:fs';
import { convertForeign } from '../../config/foreign';
import { writeFileAtomic } from '../../util/atomicFile';
import { UserError, errnoOf } from '../../util/userError';
import { requireOutputFile } from '../outputPath';
import { userPath } from '../userPath';

export interface ConfigConvertOptions {
  overwrite?: boolean;
}

/** `nlvr config convert`: converts a configuration of ALBEF, X-VLM, LAVIS or UNITER to an nlvr.yaml. */
export function configConvert(
  input: string,
  output: string | undefined,
  { overwrite = false }: ConfigConvertOptions,
): void {
  const file = userPath(input);
  const converted = convertForeign(readText(file));
  if (!converted)
    throw new UserError(`${file} is not a configuration of ALBEF, X-VLM, LAVIS or UNITER.`, {
      hint: 'Expected train_file, image_res, optimizer and schedular, or model, datasets and run, or train_txt_db and train_img_db.',
    });
  const { text, unconverted: left, origin } = converted;
  if (output === undefined) process.stdout.write(text);
  else {
    const target = userPath(output);
    requireOutputFile(target, overwrite);
    writeFileAtomic(target, text);
    process.stdout.write(`Converted a configuration of ${origin} to ${target}.\n`);
  }
  if (left.length > 0)
    process.stderr.write(
      `Without a counterpart, omitted: ${left.map(({ key }) => key).join(', ')}.\n`,
    );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new UserError(`${file} does not exist.`);
    throw error;
  }
}
