/** BLIP's own output folder (`log.txt`, `config.yaml`, `checkpoint_best.pth`), shown as a run. */
import { createHash } from 'node:crypto';
import { access, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { phrase } from '../util/phrase';
import { UserError } from '../util/userError';
import type { RunEvent } from './events';
import { RUN_SCHEMA_VERSION, type BestResult, type RunInfo } from './runInfo';

/** A line of BLIP's `log.txt`: an epoch, or (without `epoch`) an evaluation. Accuracies and losses, not strings. */
export interface BlipLogLine {
  epoch: number | null;
  trainLr: number | null;
  trainLoss: number | null;
  valAcc: number | null;
  testAcc: number | null;
}

/**
 * Parses BLIP's `log.txt`: one JSON object an epoch with values as strings of four decimals, and
 * "best epoch: N" at the end, without a newline before what a later run may have appended to it.
 */
export function parseBlipLog(text: string): BlipLogLine[] {
  const lines: BlipLogLine[] = [];
  for (const [object] of text.matchAll(/\{[^{}]*\}/g)) {
    let value: unknown;
    try {
      value = JSON.parse(object);
    } catch {
      continue;
    }
    const record = value as Record<string, unknown>;
    const number = (key: string): number | null => {
      const raw = record[key];
      const parsed = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
      return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : null;
    };
    lines.push({
      epoch: number('epoch'),
      trainLr: number('train_lr'),
      trainLoss: number('train_loss'),
      valAcc: number('val_acc'),
      testAcc: number('test_acc'),
    });
  }
  return lines;
}

/** Whether a folder looks like the output of BLIP's `train_nlvr.py`, or of our evaluation, which writes the same log. */
export async function isBlipFolder(folder: string): Promise<boolean> {
  return (await isThere(join(folder, 'log.txt'))) && !(await isThere(join(folder, 'run.json')));
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Describes BLIP's output folder as a run. Nothing is written to it.
 * @throws {UserError} when `log.txt` is missing or holds no epoch and no evaluation.
 */
export async function blipRunInfo(folder: string): Promise<RunInfo> {
  const { lines, written } = await readLog(folder);
  const config = await readFile(join(folder, 'config.yaml'), 'utf8').catch(() => '');
  const epochs = lines.filter((line) => line.epoch !== null);
  const last = Math.max(0, ...epochs.map((line) => line.epoch ?? 0));
  const time = written.toISOString();
  return {
    schema: RUN_SCHEMA_VERSION,
    id: `blip-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`,
    name: basename(folder),
    // BLIP writes no metrics.json; `nlvr evaluate` does.
    kind: (await isThere(join(folder, 'metrics.json'))) ? 'evaluate' : 'imported',
    state: 'finished',
    created: time,
    started: time,
    ended: time,
    pid: 0,
    processStart: null,
    host: '',
    heartbeat: time,
    configFile: join(folder, 'config.yaml'),
    configHash: createHash('sha256').update(config).digest('hex'),
    versions: { nlvr: 'BLIP', node: '', tensorflow: null },
    device: null,
    precision: null,
    threads: null,
    lanes: null,
    epoch: last,
    maxEpoch: epochs.length === 0 ? 0 : last + 1,
    step: last,
    totalSteps: 0,
    best: bestOf(epochs) ?? lastEvaluation(lines),
    message: null,
    hint: null,
  };
}

/**
 * The epochs of BLIP's `log.txt` as events. BLIP does not log steps or times: an epoch counts as one step,
 * and every event carries the time the file was last written.
 */
export async function blipEvents(folder: string): Promise<RunEvent[]> {
  const { lines, written } = await readLog(folder);
  const time = written.getTime() / 1000;
  return lines.flatMap((line): RunEvent[] => {
    const step = (line.epoch ?? 0) + 1;
    const evaluation = (split: 'val' | 'test', accuracy: number | null): RunEvent[] =>
      accuracy === null
        ? []
        : [
            {
              type: 'eval',
              time,
              split,
              epoch: line.epoch,
              step,
              accuracy,
              consistency: null,
              loss: null,
              examples: 0,
              seconds: 0,
              groups: [],
              predictions: '',
            },
          ];
    const epoch: RunEvent[] =
      line.epoch === null
        ? []
        : [
            {
              type: 'epoch',
              time,
              epoch: line.epoch,
              step,
              loss: line.trainLoss,
              accuracy: null,
              lr: line.trainLr ?? 0,
              seconds: 0,
            },
          ];
    return [...epoch, ...evaluation('val', line.valAcc), ...evaluation('test', line.testAcc)];
  });
}

/** The result of a folder that holds evaluations alone. */
function lastEvaluation(lines: readonly BlipLogLine[]): BestResult | null {
  const last = lines.findLast((line) => line.valAcc !== null);
  if (!last || last.valAcc === null) return null;
  const { valAcc: accuracy, testAcc: testAccuracy } = last;
  return { epoch: 0, step: 0, accuracy, consistency: null, testAccuracy };
}

async function readLog(folder: string): Promise<{ lines: BlipLogLine[]; written: Date }> {
  const file = join(folder, 'log.txt');
  let text: string;
  let written: Date;
  try {
    [text, written] = await Promise.all([
      readFile(file, 'utf8'),
      stat(file).then((found) => found.mtime),
    ]);
  } catch (cause) {
    throw new UserError(phrase('{0} holds no log.txt that can be read.', folder), {
      hint: phrase(
        "Choose the output folder of BLIP's train_nlvr.py: it holds log.txt, config.yaml and checkpoint_best.pth.",
      ),
      cause,
    });
  }
  const lines = parseBlipLog(text);
  if (lines.every((line) => (line.valAcc ?? line.testAcc ?? line.trainLoss) === null))
    throw new UserError(
      phrase("{0} is not a log of BLIP's train_nlvr.py: no epoch was found in it.", file),
      {
        hint: phrase(
          'Each line should be a JSON object with train_loss, val_acc, test_acc and epoch.',
        ),
      },
    );
  return { lines, written };
}

/** BLIP's rule: the first epoch whose validation accuracy no other exceeds; an accuracy of 0 saves nothing. */
function bestOf(epochs: readonly BlipLogLine[]): BestResult | null {
  let best: BestResult | null = null;
  for (const { epoch, valAcc, testAcc } of epochs)
    if (epoch !== null && valAcc !== null && valAcc > (best?.accuracy ?? 0))
      best = { epoch, step: epoch + 1, accuracy: valAcc, consistency: null, testAccuracy: testAcc };
  return best;
}
