/**
 * Thumbnails of the page: what is known, and what is asked for. Only what is on the screen is wanted; a
 * wish is sent after scrolling has paused for a moment, and takes the place of the one before.
 */
export class ThumbnailCache {
  private readonly known = new Map<number, string | null>();
  private readonly onScreen = new Map<string, readonly number[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (images: number[]) => void) {}

  /** Address of an image's thumbnail; null when there is no picture, undefined while it is not there yet. */
  get(image: number): string | null | undefined {
    return this.known.get(image);
  }

  add(items: readonly { image: number; uri: string | null }[]): void {
    for (const { image, uri } of items) this.known.set(image, uri);
  }

  /** Images that one part of the panel (the list, the group) shows now. */
  show(part: string, images: readonly number[]): void {
    this.onScreen.set(part, images);
    if (this.missing().length === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const missing = this.missing();
      if (missing.length > 0) this.ask(missing);
    }, 60);
  }

  clear(): void {
    this.known.clear();
    this.onScreen.clear();
    clearTimeout(this.timer);
  }

  private missing(): number[] {
    const wanted = new Set([...this.onScreen.values()].flat());
    return [...wanted].filter((image) => !this.known.has(image));
  }
}
