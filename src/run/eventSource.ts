import { existsSync } from 'node:fs';
import { blipEvents } from './blipLog';
import { curveEvents } from './curves/curveEvents';
import { EventReader, type EventBatch } from './eventReader';
import { RunFolder } from './runFolder';
import type { RunInfo } from './runInfo';

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
  const files = new RunFolder(folder);
  if (existsSync(files.curves)) return curveEvents(folder);
  if (kind === 'imported') return logSource(folder);
  const events = new EventReader(files.events);
  if (kind === 'train') return events;
  const log = logSource(folder);
  return {
    get skipped() {
      return events.skipped;
    },
    read: (onChunk) =>
      !existsSync(files.events) && existsSync(files.log) ? log.read() : events.read(onChunk),
  };
}

/** All of a log's events, once. */
function logSource(folder: string): EventSource {
  let delivered = false;
  return {
    skipped: 0,
    async read() {
      const events = delivered ? [] : await blipEvents(folder);
      delivered = true;
      return {
        reset: false,
        voidBeyond: null,
        events: events.map((event) => ({ step: 'step' in event ? (event.step ?? 0) : 0, event })),
      };
    },
  };
}
