import type { Host } from './host';
import type { DetailImage } from './messages';
import type { Notices } from './notices';
import type { ShownSet } from './shownSet';

/** Of examples that are passed by faster than this, as by a key that is held, only the last one's images are loaded. */
const HURRY_MS = 80;

/** The selected example with its images, and how the selection follows the list and survives other rows. */
export class Selection {
  /** Row number, -1 for none. */
  row = -1;
  images: [DetailImage, DetailImage] | null = null;
  /** An example to select as soon as its row is there. */
  private wanted: string | null = null;
  /** The person has not chosen an example: the first of the list is shown. */
  private following = true;
  private chosenAt = -Infinity;
  private detailTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly page: ShownSet,
    private readonly notices: Notices,
    private readonly changed: () => void,
  ) {}

  /** Identifier of the example that was chosen; null while the first of the list is shown. */
  get identifier(): string | null {
    return this.row < 0 || this.following ? null : this.page.rows.identifierOf(this.row);
  }

  /** As `identifier`, or that of the example that is waited for. */
  get wantedIdentifier(): string | null {
    return this.wanted ?? this.identifier;
  }

  /** Selects an example, whether or not it is in the list. */
  select(row: number): void {
    this.following = false;
    this.wanted = null;
    this.page.selectInIncoming(this.page.rows.identifierOf(row));
    this.choose(row);
  }

  /** Selects an example as soon as its row is there, at the next `settle`. */
  want(identifier: string): void {
    this.wanted = identifier;
  }

  /** The rows are others: nothing is selected. @param select the example to show first; null for the first of the list */
  reset(select: string | null): void {
    this.row = -1;
    this.images = null;
    clearTimeout(this.detailTimer);
    this.wanted = select;
    this.following = select === null;
  }

  /** The other example of the same sentence, `step` further on; goes round. undefined when there is none */
  together(step: 1 | -1): number | undefined {
    if (this.row < 0) return undefined;
    const together = this.page.rows.together(this.row);
    const at = together.indexOf(this.row);
    const row = together[(at + step + together.length) % together.length];
    return row === this.row ? undefined : row;
  }

  /**
   * Selects what the list asks for after it has changed.
   * @param shown the rows of the list
   * @param newFilter whether other examples were asked for
   */
  settle(shown: Int32Array, newFilter: boolean): void {
    if (this.wanted !== null) {
      const row = this.page.rows.identifiers.indexOf(this.wanted);
      // It may be in the rows to come.
      if (row < 0 && this.page.loading.state === 'loading') return;
      this.wanted = null;
      this.following = row < 0;
      if (row >= 0) return this.choose(row);
    }
    if (this.following) this.choose(shown[0] ?? -1);
    // An example reached by its group, or whose mark was taken away, stays; a new filter asks for others.
    else if (newFilter && !shown.includes(this.row)) this.choose(shown[0] ?? -1);
  }

  private choose(row: number): void {
    if (row === this.row) return;
    const hurried = performance.now() - this.chosenAt < HURRY_MS;
    this.chosenAt = performance.now();
    this.row = row;
    this.images = null;
    clearTimeout(this.detailTimer);
    if (row < 0) return;
    if (hurried) this.detailTimer = setTimeout(() => this.showDetail(row), HURRY_MS);
    else this.showDetail(row);
  }

  private showDetail(row: number): void {
    this.host.send({ type: 'selected', identifier: this.page.rows.identifierOf(row) });
    const { generation } = this.page;
    const isShown = (): boolean => generation === this.page.generation && row === this.row;
    this.host.request('detail', { generation, row }).then(
      ({ images }) => {
        if (!isShown()) return;
        this.images = images;
        this.changed();
      },
      (error: unknown) => {
        if (isShown() && !this.page.hasIncoming) this.notices.fail(error);
      },
    );
  }
}
