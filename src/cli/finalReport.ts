import { percent } from '../analysis/numberFormat';
import type { Metrics } from '../analysis/metrics';
import { consistencyReason } from '../analysis/metricsFile';
import type { TrainingOutcome } from '../train/types';
import { formatDuration } from '../util/duration';
import { pluralize } from './pluralize';

/**
 * Summarizes a run at its end: best accuracy, checkpoint and accuracy by group of sentences.
 * @param resumeCommand the command that continues a stopped run
 */
export function finalReport(
  { state, best, bestCheckpoint, folder, metrics, trainedSeconds }: TrainingOutcome,
  resumeCommand: string,
): string {
  const lines = [''];
  if (state === 'stopped')
    lines.push(`Stopped and saved in ${folder}. Continue with:\n  ${resumeCommand}`);
  if (best) {
    const test = best.testAccuracy === null ? '' : `, test ${percent(best.testAccuracy)}`;
    lines.push(
      `Best epoch ${best.epoch}: validation accuracy ${percent(best.accuracy)}${test}, after ${formatDuration(trainedSeconds)} of training.`,
    );
    lines.push(`Checkpoint: ${bestCheckpoint}`);
  }
  if (state === 'finished')
    for (const [split, measured] of Object.entries(metrics))
      lines.push(...groupLines(split, measured));
  return `${lines.join('\n')}\n`;
}

/** Maximum number of groups that are printed. */
const MAX_GROUPS_SHOWN = 20;

/** Lines with the metrics of a split and of its groups, the least accurate group first. */
export function groupLines(split: string, measured: Metrics): string[] {
  const { accuracy, consistency, groups, examples } = measured;
  const reason = consistencyReason(measured);
  const lines = [
    '',
    `${split}: accuracy ${percent(accuracy)}${consistency === null ? '' : `, consistency ${percent(consistency)}`}, ${pluralize(examples, 'example')}`,
    ...(reason === null ? [] : [`  no consistency: ${reason}`]),
  ];
  const sorted = [...groups].sort((a, b) => a.accuracy - b.accuracy);
  const width = Math.max(0, ...sorted.slice(0, MAX_GROUPS_SHOWN).map(({ name }) => name.length));
  for (const group of sorted.slice(0, MAX_GROUPS_SHOWN))
    lines.push(
      `  ${group.name.padEnd(width)}  ${percent(group.accuracy).padStart(6)}  of ${String(group.examples).padStart(6)}`,
    );
  if (sorted.length > MAX_GROUPS_SHOWN)
    lines.push(`  … and ${sorted.length - MAX_GROUPS_SHOWN} more groups`);
  return lines;
}
