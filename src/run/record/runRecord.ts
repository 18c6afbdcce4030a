import type { RunFolder } from '../runFolder';
import type { RunInfo } from '../runInfo';
import type { RunWriter } from './runWriter';

/** The interface by which a training writes its run. Of several processes, only rank 0 writes to the run folder. */
export type RunRecord = Pick<
  RunWriter,
  'folder' | 'info' | 'update' | 'event' | 'note' | 'phase' | 'sync' | 'close'
>;

/** The implementation for the other ranks, which keeps the description in memory and writes nothing. */
export class NullRunRecord implements RunRecord {
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
