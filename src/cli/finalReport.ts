import { percent } from '../analysis/figures';
import type { Metrics } from '../analysis/metrics';
import { consistencyReason } from '../analysis/metricsFile';
import type { TrainingOutcome } from '../train/types';
import { formatDuration } from '../util/duration';
import { counted } from './counted';

/**
 * What a person wants to know when a run ends: how good, where the weights are, and how it does by group of sentences.
 * @param goOn the command that continues a stopped run
 */
export function finalReport(
  { state, best, bestCheckpoint, folder, metrics, trainedSeconds }: TrainingOutcome,
  goOn: string,
): string {
  const lines = [''];
  if (state === 'stopped') lines.push(`Stopped and saved in ${folder}. Continue with:\n  ${goOn}`);
  if (best) {
    const test = best.testAccuracy === null ? '' : `, test ${percent(best.testAccuracy)}`;
    lines.push(
      `Best epoch ${best.epoch}: validation accuracy ${percent(best.accuracy)}${test}, after ${formatDuration(trainedSeconds)} of training.`,
    );
    lines.push(`Checkpoint: ${bestCheckpoint}`);
  }
  if (state === 'finished')
    for (const [split, measured] of Object.entries(metrics))
      lines.push(...byGroup(split, measured));
  return `${lines.join('\n')}\n`;
}

/** Groups shown; the least accurate first, since those are what one looks for. */
const SHOWN = 20;

export function byGroup(split: string, measured: Metrics): string[] {
  const { accuracy, consistency, groups, examples } = measured;
  const reason = consistencyReason(measured);
  const lines = [
    '',
    `${split}: accuracy ${percent(accuracy)}${consistency === null ? '' : `, consistency ${percent(consistency)}`}, ${counted(examples, 'example')}`,
    ...(reason === null ? [] : [`  no consistency: ${reason}`]),
  ];
  const sorted = [...groups].sort((a, b) => a.accuracy - b.accuracy);
  const width = Math.max(0, ...sorted.slice(0, SHOWN).map(({ name }) => name.length));
  for (const group of sorted.slice(0, SHOWN))
    lines.push(
      `  ${group.name.padEnd(width)}  ${percent(group.accuracy).padStart(6)}  of ${String(group.examples).padStart(6)}`,
    );
  if (sorted.length > SHOWN) lines.push(`  … and ${sorted.length - SHOWN} more groups`);
  return lines;
}
