/** Caches the rows of the runs table; a row is read again only when its run has changed. */
import { stat } from 'node:fs/promises';
import { runRow, type RunRow } from '../../analysis/runTable';
import type { FlatConfig } from '../../config/flat';
import { readFlatConfig } from '../../run/runConfig';
import { RunFolder } from '../../run/runFolder';
import type { Run } from '../runs/runRegistry';

/** A run with its row and configuration. */
export interface KnownRun {
  run: Run;
  row: RunRow;
  config: FlatConfig;
  /** Stamp of its configuration file when it was read. */
  stamp: string;
}

/** Lives as long as the window, so that a table that is opened again appears immediately. */
export class RunRows {
  private readonly known = new Map<string, KnownRun>();

  /** @param relativePath returns the relative path of a run's folder */
  constructor(private readonly relativePath: (folder: string) => string) {}

  get(folder: string): KnownRun | undefined {
    return this.known.get(folder);
  }

  get folders(): Iterable<string> {
    return this.known.keys();
  }

  forget(folder: string): void {
    this.known.delete(folder);
  }

  /**
   * Reads a run if it has changed.
   * @returns what has changed; undefined if nothing has
   */
  async read(run: Run): Promise<'row' | 'configuration' | undefined> {
    const known = this.known.get(run.folder);
    if (known?.run === run) return undefined;
    const stamp = await stampOf(new RunFolder(run.folder).config);
    const row = await runRow(this.relativePath(run.folder), run.folder, run.info, run.status);
    if (known?.stamp === stamp) {
      this.known.set(run.folder, { ...known, run, row });
      return 'row';
    }
    const config = await readFlatConfig(run.folder);
    this.known.set(run.folder, { run, row, config, stamp });
    return 'configuration';
  }
}

async function stampOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '';
}
