import { logFingerprint } from '../import/blipFolder';
import { blipEvents } from '../import/blipLog';
import { curveEvents } from '../curves/curveEvents';
import { EventReader, type EventBatch } from './eventReader';
import { RunFolder } from '../runFolder';
import { pathExists } from '../../util/pathExists';
import type { RunInfo } from '../runInfo';

/** A source of a run's events. */
export interface EventSource {
  /** Reads the events since the last call (see `EventReader.read`). */
  read(onChunk?: (batch: EventBatch) => void): Promise<EventBatch>;
  /** Number of lines that could not be read. */
  readonly skipped: number;
  /** The folder of the source, if it is not the run folder. */
  sourceFolder?(): Promise<string | undefined>;
}

/** Opens the events of a run: `events.jsonl`, the curves of an import, or `log.txt` of BLIP or of an earlier evaluation. */
export function openEvents(folder: string, kind: RunInfo['kind']): EventSource {
  let found: EventSource | undefined;
  let finding: Promise<EventSource> | undefined;
  const source = (): Promise<EventSource> =>
    (finding ??= createSource(folder, kind).then((each) => (found = each)));
  return {
    get skipped() {
      return found?.skipped ?? 0;
    },
    read: async (onChunk) => (await source()).read(onChunk),
    sourceFolder: async () => (await source()).sourceFolder?.(),
  };
}

async function createSource(folder: string, kind: RunInfo['kind']): Promise<EventSource> {
  const files = new RunFolder(folder);
  if (await pathExists(files.curves)) return curveEvents(folder);
  if (kind === 'imported') return logSource(folder);
  const events = new EventReader(files.events);
  if (kind === 'train') return events;
  const log = logSource(folder);
  return {
    get skipped() {
      return events.skipped;
    },
    read: async (onChunk) =>
      !(await pathExists(files.events)) && (await pathExists(files.log))
        ? log.read()
        : events.read(onChunk),
  };
}

/**
 * Reads the events of a log that may grow. Returns only new epochs, or everything if the log was restarted or earlier epochs
 * have changed.
 */
function logSource(path: string): EventSource {
  let fingerprint: string | undefined;
  let delivered: string[] = [];
  return {
    skipped: 0,
    async read() {
      const now = await logFingerprint(path);
      if (now === fingerprint) return { reset: false, voidBeyond: null, events: [] };
      const events = await blipEvents(path);
      fingerprint = now;
      // Ignore the time, which is the modification time of the log.
      const texts = events.map((event) => JSON.stringify({ ...event, time: 0 }));
      const isContinuation = delivered.every((text, i) => text === texts[i]);
      const fresh = isContinuation ? events.slice(delivered.length) : events;
      delivered = texts;
      return {
        reset: !isContinuation,
        voidBeyond: null,
        events: fresh.map((event) => ({ step: 'step' in event ? (event.step ?? 0) : 0, event })),
      };
    },
  };
}
