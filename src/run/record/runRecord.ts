import type { RunFolder } from '../runFolder';
import type { RunInfo } from '../runInfo';
import type { RunWriter } from './runWriter';

/** What a training says of itself. Of several processes, rank 0 alone writes it to the run folder. */
export type RunRecord = Pick<
  RunWriter,
  'folder' | 'info' | 'update' | 'event' | 'note' | 'phase' | 'sync' | 'close'
>;

/** The record of the other ranks: they know what rank 0 writes, and write nothing. */
export class SilentRecord implements RunRecord {
  constructor(
    readonly folder: RunFolder,
    private current: Readonly<RunInfo>,
  ) {}

  get info(): Readonly<RunInfo> {
    return this.current;
  }

  update(change: Partial<RunInfo>): void {
    this.current = { ...this.current, ...change };
  }

  event(): void {
    // Rank 0 writes it.
  }

  note(): void {
    // Rank 0 writes it.
  }

  phase(): void {
    // Rank 0 writes it.
  }

  sync(): void {
    // Rank 0 writes it.
  }

  close(): void {
    // There is nothing to close.
  }
}
