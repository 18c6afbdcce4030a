import { makeReport } from '../../analysis/report/page';
import type { EpochSelector } from '../../analysis/runPredictions';
import { version } from '../../../package.json';
import { writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { UserError } from '../../util/userError';
import { setLanguage } from '../language';
import { number } from '../../analysis/numberFormat';
import { requireOutputFile } from '../outputPath';
import { userPath } from '../userPath';
import { analysisOptions, type SliceOptions } from './analyze';

export interface ReportOptions extends Omit<SliceOptions, 'examples' | 'json'> {
  output: string;
  overwrite?: boolean;
  compare?: string;
  epoch: EpochSelector;
  epoch_b?: EpochSelector;
  worst: number;
  language: string;
}

/** `nlvr report`: writes a report of a run as one HTML file. */
export async function reportRun(run: string, options: ReportOptions): Promise<void> {
  if (options.epoch_b !== undefined && options.compare === undefined)
    throw new UserError(localize('`--epoch_b` requires `--compare`.'), {
      hint: localize('Specify the run that is compared, or omit `--epoch_b`.'),
    });
  const target = userPath(options.output);
  requireOutputFile(target, options.overwrite === true);
  setLanguage(options.language);
  const page = await makeReport(
    {
      ...(await analysisOptions(options)),
      run: userPath(run),
      epoch: options.epoch,
      ...(options.compare !== undefined && { compareWith: userPath(options.compare) }),
      ...(options.epoch_b !== undefined && { epochB: options.epoch_b }),
      worst: options.worst,
    },
    { language: options.language, version, created: new Date() },
  );
  writeFileAtomic(target, page);
  process.stdout.write(
    `Wrote the report to ${target} (${number(Math.ceil(Buffer.byteLength(page) / 1024))} KB).\n`,
  );
}
