import type { Host } from './host';
import type { DetailImage } from './messages';
import type { Notices } from './notices';
import type { ShownSet } from './shownSet';

/** While examples change faster than this, for example with a held key, only the last one's images are loaded. */
const FAST_NAVIGATION_MS = 80;

/** The selected example and its images. Keeps the selection consistent when the list or the rows change. */
export class Selection {
  /** Row number, -1 for none. */
  row = -1;
  images: [DetailImage, DetailImage] | null = null;
  /** Identifier of an example to select when its row has been loaded. */
  private pendingIdentifier: string | null = null;
  /** The user has not selected an example, so the first of the list is shown. */
  private showsFirst = true;
  private lastSelectedAt = -Infinity;
  private detailTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly shownSet: ShownSet,
    private readonly notices: Notices,
    private readonly changed: () => void,
  ) {}

  /** Identifier of the example that the user selected; null while the first of the list is shown. */
  get identifier(): string | null {
    return this.row < 0 || this.showsFirst ? null : this.shownSet.rows.identifierOf(this.row);
  }

  /** Identifier to save: the pending example's, or `identifier`. */
  get savedIdentifier(): string | null {
    return this.pendingIdentifier ?? this.identifier;
  }

  /** Selects an example, whether or not it is in the list. */
  select(row: number): void {
    this.showsFirst = false;
    this.pendingIdentifier = null;
    this.shownSet.selectInIncoming(this.shownSet.rows.identifierOf(row));
    this.setRow(row);
  }

  /** Selects an example at the next `reconcile` after its row has been loaded. */
  selectWhenLoaded(identifier: string): void {
    this.pendingIdentifier = identifier;
  }

  /** Clears the selection for other rows. @param select the example to show first; null for the first of the list */
  reset(select: string | null): void {
    this.row = -1;
    this.images = null;
    clearTimeout(this.detailTimer);
    this.pendingIdentifier = select;
    this.showsFirst = select === null;
  }

  /** Returns the example of the same sentence `step` positions away, cyclically; undefined if there is none. */
  neighborInGroup(step: 1 | -1): number | undefined {
    if (this.row < 0) return undefined;
    const group = this.shownSet.rows.rowsOfGroup(this.row);
    const at = group.indexOf(this.row);
    const row = group[(at + step + group.length) % group.length];
    return row === this.row ? undefined : row;
  }

  /**
   * Updates the selection after the list has changed.
   * @param shown the rows of the list
   * @param newFilter whether the filter has changed
   */
  reconcile(shown: Int32Array, newFilter: boolean): void {
    if (this.pendingIdentifier !== null) {
      const row = this.shownSet.rows.identifiers.indexOf(this.pendingIdentifier);
      // Its row may not have been loaded yet.
      if (row < 0 && this.shownSet.loading.state === 'loading') return;
      this.pendingIdentifier = null;
      this.showsFirst = row < 0;
      if (row >= 0) return this.setRow(row);
    }
    if (this.showsFirst) this.setRow(shown[0] ?? -1);
    // An example outside the list (reached through its group, or just unmarked) stays selected until the filter changes.
    else if (newFilter && !shown.includes(this.row)) this.setRow(shown[0] ?? -1);
  }

  private setRow(row: number): void {
    if (row === this.row) return;
    const isFast = performance.now() - this.lastSelectedAt < FAST_NAVIGATION_MS;
    this.lastSelectedAt = performance.now();
    this.row = row;
    this.images = null;
    clearTimeout(this.detailTimer);
    if (row < 0) return;
    if (isFast) this.detailTimer = setTimeout(() => this.loadDetail(row), FAST_NAVIGATION_MS);
    else this.loadDetail(row);
  }

  private loadDetail(row: number): void {
    this.host.send({ type: 'selected', identifier: this.shownSet.rows.identifierOf(row) });
    const { generation } = this.shownSet;
    const isShown = (): boolean => generation === this.shownSet.generation && row === this.row;
    this.host.request('detail', { generation, row }).then(
      ({ images }) => {
        if (!isShown()) return;
        this.images = images;
        this.changed();
      },
      (error: unknown) => {
        if (isShown() && !this.shownSet.hasIncoming) this.notices.showError(error);
      },
    );
  }
}
