import { rmSync } from 'node:fs';
import type { LoadedConfig } from '../../config/load';
import type { DataProblem } from '../../data/check/problem';
import type { RunWriter } from '../../run/record/runWriter';
import { writeFileAtomic } from '../../util/atomicFile';
import { localize } from '../../util/localize';
import { checkUnseenImages, describeProblem, type CheckedData } from './dataCheck';

/**
 * Decodes, during the training, the images that the check before it left out: one at a time, on another thread. It writes
 * damaged images as notes of the run, and to `problems.json` for the editor's Problems view, when the first one is found and
 * again at the end. It never throws: the training itself reports a damaged image that it reads.
 */
export class BackgroundCheck {
  private readonly aborter = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly loaded: LoadedConfig,
    private readonly checked: CheckedData,
    private readonly writer: Pick<RunWriter, 'folder' | 'note'>,
  ) {
    // Problems that an earlier attempt found may have been fixed.
    rmSync(writer.folder.problems, { force: true });
    this.running = this.check().catch(() => undefined);
  }

  /** Ends the check. The next run does not decode images again that were found to be undamaged. */
  async stop(): Promise<void> {
    this.aborter.abort();
    await this.running;
  }

  private async check(): Promise<void> {
    const { unchecked } = this.checked;
    if (unchecked.length === 0) return;
    let reportedCount = 0;
    const reportNew = (problems: readonly DataProblem[]): void => {
      const count = problems.reduce((sum, problem) => sum + problem.count, 0);
      if (count === reportedCount) return;
      reportedCount = count;
      this.report(problems);
    };
    const problems = await checkUnseenImages(this.loaded, this.checked, {
      signal: this.aborter.signal,
      onFirst: reportNew,
    });
    reportNew(problems);
    if (problems.length === 0)
      this.writer.note(
        'info',
        'images-checked',
        localize('All images were read during training. None are damaged.'),
      );
  }

  private report(problems: readonly DataProblem[]): void {
    const { writer, checked } = this;
    for (const problem of problems)
      writer.note(
        'error',
        `data-${problem.code}`,
        describeProblem(problem),
        localize(
          'Replace the image: a training that reads a damaged image saves its last good step and ends.',
        ),
      );
    const all = { problems: [...problems, ...checked.problems] };
    writeFileAtomic(writer.folder.problems, `${JSON.stringify(all, null, 2)}\n`);
  }
}
