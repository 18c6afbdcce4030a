import { closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { writeAll, writeFileAtomic } from '../util/atomicFile';
import { withDiskErrors } from '../util/diskError';
import { pythonFixed } from '../util/pythonFixed';

/** Formats four decimals as BLIP's `"{:.4f}".format`; null becomes `nan`, as a missing mean there. */
function fourDecimals(value: number | null): string {
  return pythonFixed(value ?? NaN, 4);
}

/** Appends text to BLIP's `log.txt` (train_nlvr.py, main), which has one JSON object per epoch. */
export function appendLog(file: string, text: string): void {
  withDiskErrors(file, () => {
    const fd = openSync(file, 'a');
    try {
      writeAll(fd, Buffer.from(text));
      // The next checkpoint marks this epoch as done, so its line must be on the disk.
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** The line of an epoch, as Python's json.dumps writes it; without columns of splits that were not evaluated. */
export function epochLine(stats: {
  trainLr: number;
  trainLoss: number | null;
  valAccuracy: number | null;
  testAccuracy: number | null | undefined;
  epoch: number;
}): string {
  return pythonJson({
    train_lr: fourDecimals(stats.trainLr),
    train_loss: fourDecimals(stats.trainLoss),
    ...(stats.valAccuracy !== null && { val_acc: fourDecimals(stats.valAccuracy) }),
    ...(stats.testAccuracy !== undefined && { test_acc: fourDecimals(stats.testAccuracy) }),
    epoch: stats.epoch,
  });
}

/** The line of `--evaluate`. @param missing number of parameters with random values, which BLIP does not count. */
export function evaluationLine(accuracies: Record<string, number | null>, missing = 0): string {
  return pythonJson({
    ...Object.fromEntries(
      Object.entries(accuracies).map(([split, value]) => [`${split}_acc`, fourDecimals(value)]),
    ),
    ...(missing > 0 && { missing_parameters: missing }),
  });
}

function pythonJson(entries: Record<string, string | number>): string {
  const body = Object.entries(entries).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return `{${body.join(', ')}}\n`;
}

/** Removes lines that a resumed run writes again: those of `epoch` and later epochs, and the final "best epoch". */
export function trimLog(file: string, epoch: number): void {
  if (!existsSync(file)) return;
  const kept = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && (epochOf(line) ?? -1) < epoch);
  writeFileAtomic(file, kept.map((line) => `${line}\n`).join(''));
}

function epochOf(line: string): number | undefined {
  try {
    const { epoch } = JSON.parse(line) as { epoch?: unknown };
    return typeof epoch === 'number' ? epoch : undefined;
  } catch {
    // An incomplete line of a killed trainer.
    return Infinity;
  }
}
