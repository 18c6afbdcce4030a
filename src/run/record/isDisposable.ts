import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { isAttemptName } from './attempts';
import { isPartialFile } from './removePartialFiles';
import type { RunEvent } from '../events';
import type { RunFolder } from '../runFolder';
import { RUN_SCHEMA_VERSION } from '../runInfo';

/** Types of events that a run writes before its first step. */
const earlyEvents: readonly RunEvent['type'][] = ['start', 'note', 'end'];
/** Maximum size of the events of a run without steps, which are a few lines. */
const MAX_EVENT_BYTES = 1_000_000;

/**
 * Whether a folder contains only a training that ended before its first step, such as one that found no GPU: no checkpoint,
 * predictions, results, notes or other files. The next training may replace it. Anything unknown must be kept. Does not
 * check whether the run is active; the lock does.
 */
export function isDisposable(folder: RunFolder): boolean {
  try {
    if (!hasOnlyStartFiles(folder)) return false;
    // A power failure can leave a new run without run.json and with events whose content was not written.
    if (!existsSync(folder.runJson)) return statSync(folder.events).size === 0;
    return endedBeforeFirstStep(folder) && hasNoStepEvents(folder);
  } catch {
    return false;
  }
}

function hasOnlyStartFiles(folder: RunFolder): boolean {
  const { runJson, config, events, trainerLog, problems, stopRequest, lock } = folder;
  const traces = [runJson, config, events, trainerLog, problems, stopRequest, lock].map((file) =>
    basename(file),
  );
  return readdirSync(folder.root, { withFileTypes: true }).every((entry) => {
    if (entry.name === basename(folder.predictions))
      return entry.isDirectory() && readdirSync(folder.predictions).length === 0;
    if (entry.name === basename(folder.attempts))
      return entry.isDirectory() && readdirSync(folder.attempts).every(isAttemptName);
    return entry.isFile() && (traces.includes(entry.name) || isPartialFile(entry.name));
  });
}

/** Compares exact values, because unknown versions and values may have another meaning. */
function endedBeforeFirstStep(folder: RunFolder): boolean {
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

/** `run.json` is written every few seconds, so events may be newer. */
function hasNoStepEvents({ events }: RunFolder): boolean {
  const size = statSync(events, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return true;
  if (size > MAX_EVENT_BYTES) return false;
  return readFileSync(events, 'utf8')
    .trimEnd()
    .split('\n')
    .every((line) => earlyEvents.includes((JSON.parse(line) as RunEvent).type));
}
