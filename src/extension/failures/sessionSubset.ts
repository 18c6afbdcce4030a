import type { Subset } from '../../webview/failures/messages';
import { toProblem } from './predictClient';
import type { SessionEditor } from './sessionEditor';
import type { SetLoader } from './setLoader';

/** The subset that filters the list: finds its rows and sends them to the page. */
export class SessionSubset {
  private disposed = false;

  /** @param current null for all examples */
  constructor(
    public current: Subset | null,
    private readonly loader: SetLoader,
    private readonly editor: SessionEditor,
  ) {}

  /**
   * Sends the rows of the subset. Call when all rows of the set are loaded.
   * @param fresh whether the user has just chosen the subset
   */
  async send(fresh: boolean): Promise<void> {
    const { current: subset } = this;
    const { set, generation } = this.loader;
    if (!subset || !set) return;
    const isWanted = (): boolean =>
      subset === this.current && generation === this.loader.generation && !this.disposed;
    const sendSubset = (title: string, rows: Int32Array | null, problem?: string): void =>
      this.editor.send({
        type: 'subset',
        generation,
        subset,
        title,
        rows,
        fresh,
        ...(problem !== undefined && { problem }),
      });
    const name = nameOf(subset);
    sendSubset(name, null);
    try {
      const { title, rows } = await this.editor.findExamples(set, subset);
      if (isWanted()) sendSubset(title, rows);
    } catch (error) {
      this.editor.problem('find the examples of a slice', error);
      const { message } = toProblem(error);
      if (isWanted()) sendSubset(name, null, message);
    }
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** Title of a subset until its own is known. */
function nameOf(subset: Subset): string {
  switch (subset.kind) {
    case 'slice':
      return `${subset.slice} = ${subset.value}`;
    case 'fate':
      return subset.fate;
    case 'robustness':
      return subset.test;
    case 'comparison':
      return subset.title;
  }
}
