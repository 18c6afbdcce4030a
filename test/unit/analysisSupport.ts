/** Creates runs to analyze from annotations and predictions, by importing them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importPredictions } from '../../src/analysis/import/importPredictions';
import { loadConfig } from '../../src/config/load';
import { scratchFolder } from '../integration/tinyProject';

/** An annotation in any format, with its identifier. */
export type Annotation = Record<string, unknown> & { identifier: string };
/** The output of a model for an example: a prediction, or the probability of True. */
export type Answer = boolean | number;

export class AnalysisProject {
  private readonly config: string;

  /** @param folder an empty one; by default one that is removed when the test ends */
  constructor(
    private readonly annotations: readonly Annotation[],
    readonly folder = scratchFolder(),
  ) {
    this.config = join(this.folder, 'nlvr.yaml');
    writeFileSync(
      join(this.folder, 'val.json'),
      annotations.map((each) => JSON.stringify(each)).join('\n'),
    );
    writeFileSync(
      this.config,
      `ann_root: .\nann_files: {train: '', val: val.json, test: val.json}\n`,
    );
  }

  /** Imports the predictions of a model. @returns the run folder */
  async import(
    name: string,
    answerOf: (i: number) => Answer,
    { epoch = null, split = 'val' }: { epoch?: number | null; split?: 'val' | 'test' } = {},
  ): Promise<string> {
    const file = join(this.folder, `${name}.jsonl`);
    const rows = this.annotations.map(({ identifier }, i) => {
      const each = answerOf(i);
      return typeof each === 'number'
        ? { identifier, prob_true: each }
        : { identifier, prediction: each };
    });
    writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    const folder = join(this.folder, name);
    await importPredictions({
      file,
      loaded: loadConfig(this.config),
      split,
      folder,
      name,
      epoch,
      overwrite: false,
      version: '0',
    });
    return folder;
  }
}
