import { exportCheckpoint, type ExportFormat } from '../../model/exportCheckpoint';
import { UserError } from '../../util/userError';
import { requireOutputFile } from '../outputPath';
import { userPath } from '../userPath';

export interface ExportOptions {
  format?: ExportFormat;
  overwrite?: boolean;
}

/** `nlvr export`: weights as a file that PyTorch loads. */
export async function exportWeights(
  checkpoint: string,
  file: string,
  options: ExportOptions,
): Promise<void> {
  const target = userPath(file);
  const format = options.format ?? formatOf(file);
  requireOutputFile(target, options.overwrite === true);
  const source = userPath(checkpoint);
  const { tensors, leftOut } = await exportCheckpoint(source, format, target);
  process.stdout.write(`Wrote ${tensors} tensors to ${target}.\n`);
  if (leftOut.length > 0)
    process.stdout.write(`Left out, as they are no weights: ${leftOut.join(', ')}.\n`);
}

function formatOf(file: string): ExportFormat {
  if (/\.safetensors$/i.test(file)) return 'safetensors';
  if (/\.pth?$/i.test(file)) return 'pth';
  throw new UserError(`The ending of ${file} does not say which format to write.`, {
    hint: 'End it in .safetensors or .pth, or give --format.',
  });
}
