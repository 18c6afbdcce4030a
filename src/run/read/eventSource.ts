import { logStamp } from '../import/blipFolder';
import { blipEvents } from '../import/blipLog';
import { curveEvents } from '../curves/curveEvents';
import { EventReader, type EventBatch } from './eventReader';
import { RunFolder } from '../runFolder';
import { pathExists } from '../../util/pathExists';
import type { RunInfo } from '../runInfo';

/** Where a run's events come from. */
export interface EventSource {
  /** What was added since the last call (see `EventReader.read`). */
  read(onChunk?: (batch: EventBatch) => void): Promise<EventBatch>;
  /** Lines that could not be read. */
  readonly skipped: number;
  /** The folder of what is read, where that is not the run folder. */
  elsewhere?(): Promise<string | undefined>;
}

/** The events of a run: its `events.jsonl`, or for what BLIP or an early evaluation left the lines of its `log.txt`. */
export function openEvents(folder: string, kind: RunInfo['kind']): EventSource {
  let found: EventSource | undefined;
  let finding: Promise<EventSource> | undefined;
  const source = (): Promise<EventSource> =>
    (finding ??= sourceOf(folder, kind).then((each) => (found = each)));
  return {
    get skipped() {
      return found?.skipped ?? 0;
    },
    read: async (onChunk) => (await source()).read(onChunk),
    elsewhere: async () => (await source()).elsewhere?.(),
  };
}

async function sourceOf(folder: string, kind: RunInfo['kind']): Promise<EventSource> {
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
 * The events of a log that may grow. Only new epochs are delivered; where the log was begun again, or what it says of
 * earlier epochs changed, all of it is.
 */
function logSource(path: string): EventSource {
  let stamp: string | undefined;
  let delivered: string[] = [];
  return {
    skipped: 0,
    async read() {
      const now = await logStamp(path);
      if (now === stamp) return { reset: false, voidBeyond: null, events: [] };
      const events = await blipEvents(path);
      stamp = now;
      // Every event has the time at which the log was written last.
      const texts = events.map((event) => JSON.stringify({ ...event, time: 0 }));
      const goesOn = delivered.every((text, i) => text === texts[i]);
      const fresh = goesOn ? events.slice(delivered.length) : events;
      delivered = texts;
      return {
        reset: !goesOn,
        voidBeyond: null,
        events: fresh.map((event) => ({ step: 'step' in event ? (event.step ?? 0) : 0, event })),
      };
    },
  };
}
