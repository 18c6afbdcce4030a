import { resolve } from 'node:path';
import { readRun } from '../../run/read/readRun';
import { statusReport } from '../../run/statusReport';
import { formatDuration } from '../../util/duration';
import { UserError } from '../../util/userError';

export interface StatusCommandOptions {
  json?: boolean;
}

/** `nlvr status`: prints the status of runs as the editor shows it. */
export async function status(
  folders: readonly string[],
  options: StatusCommandOptions,
): Promise<void> {
  for (const folder of folders.map((each) => resolve(each))) {
    const run = await readRun(folder);
    if (!run)
      throw new UserError(`${folder} does not contain a run.`, {
        hint: 'Specify a run folder, which contains run.json.',
      });
    const report = statusReport(folder, run);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(report)}\n`);
      continue;
    }
    const { info, status, attempt } = run;
    const { message, hint, trainedSeconds: trained } = report;
    const best = info.best ? `, best ${(info.best.accuracy * 100).toFixed(1)}%` : '';
    const epoch = Math.min(info.epoch + 1, info.maxEpoch);
    const place = info.maxEpoch > 0 ? `, epoch ${epoch} of ${info.maxEpoch}` : '';
    const time = trained === null ? '' : `, trained ${formatDuration(trained)}`;
    const phase = attempt && !attempt.outcome ? ` (${attempt.phase})` : '';
    const word = status === 'lost' ? 'out of reach' : status;
    const lines = [
      `${info.name}: ${word}${phase}${place}, step ${info.step}${time}${best} (${folder})`,
    ];
    for (const words of [message, hint]) if (words) lines.push(`  ${words}`);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}
