import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isAttemptName } from './attempts';
import type { RunEvent } from '../events';
import type { RunFolder } from '../runFolder';
import { RUN_SCHEMA_VERSION } from '../runInfo';

/** Events that a run writes before its first step. */
const early: readonly RunEvent['type'][] = ['start', 'note', 'end'];
/** Events of a run without steps are a few lines. */
const MOST_BYTES = 1_000_000;

/**
 * Whether all that a folder holds is a training that ended before its first step, such as one that found no GPU: no
 * checkpoint, no predictions, no result, nobody's notes or other files. The next training may take its place.
 * Whatever is not understood counts as worth keeping. Reads only; a run that lives is known by its lock, not by this.
 */
export function isDisposable(folder: RunFolder): boolean {
  try {
    return hasOnlyTraces(folder) && endedBeforeItsFirstStep(folder) && hasNoStepEvents(folder);
  } catch {
    return false;
  }
}

function hasOnlyTraces(folder: RunFolder): boolean {
  const { runJson, config, events, trainerLog, problems, stopRequest, lock } = folder;
  const traces = [runJson, config, events, trainerLog, problems, stopRequest, lock].map((file) =>
    basename(file),
  );
  return readdirSync(folder.root, { withFileTypes: true }).every((entry) => {
    if (entry.name === basename(folder.predictions))
      return entry.isDirectory() && readdirSync(folder.predictions).length === 0;
    if (entry.name === basename(folder.attempts))
      return entry.isDirectory() && readdirSync(folder.attempts).every(isAttemptName);
    return entry.isFile() && traces.includes(entry.name);
  });
}

/** By what the trainer wrote, to the letter: a version or a value that is not known here may mean something else. */
function endedBeforeItsFirstStep(folder: RunFolder): boolean {
  const info = JSON.parse(readFileSync(folder.runJson, 'utf8')) as Record<string, unknown>;
  return (
    info.schema === RUN_SCHEMA_VERSION &&
    info.kind === 'train' &&
    info.trainer === undefined &&
    (info.state === 'failed' || info.state === 'stopped') &&
    info.step === 0 &&
    info.epoch === 0 &&
    info.best === null
  );
}

/** `run.json` is written every few seconds, events are sooner. */
function hasNoStepEvents({ events }: RunFolder): boolean {
  const size = statSync(events, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return true;
  if (size > MOST_BYTES) return false;
  return readFileSync(events, 'utf8')
    .trimEnd()
    .split('\n')
    .every((line) => early.includes((JSON.parse(line) as RunEvent).type));
}
