import type { Subset } from '../../webview/failures/messages';
import { shownProblem } from './predictClient';
import type { SessionEditor } from './sessionEditor';
import type { SetLoader } from './setLoader';

/** The examples that the list is narrowed to: finds which rows they are and sends them to the page. */
export class SessionSubset {
  private disposed = false;

  /** @param current null for all examples */
  constructor(
    public current: Subset | null,
    private readonly loader: SetLoader,
    private readonly editor: SessionEditor,
  ) {}

  /**
   * Says which rows of the set shown the list is narrowed to; all of them must be there.
   * @param fresh the subset was asked for just now
   */
  async send(fresh: boolean): Promise<void> {
    const { current: subset } = this;
    const { set, generation } = this.loader;
    if (!subset || !set) return;
    const isWanted = (): boolean =>
      subset === this.current && generation === this.loader.generation && !this.disposed;
    const say = (title: string, rows: Int32Array | null, problem?: string): void =>
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
    say(name, null);
    try {
      const { title, rows } = await this.editor.examplesOf(set, subset);
      if (isWanted()) say(title, rows);
    } catch (error) {
      this.editor.problem('find the examples of a slice', error);
      const { message } = shownProblem(error);
      if (isWanted()) say(name, null, message);
    }
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** What a subset is called until its title is known. */
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
