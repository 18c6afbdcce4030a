/**
 * Cache of the page's thumbnails. Requests only missing thumbnails of visible images, after scrolling has paused; each
 * request replaces the previous one.
 */
export class ThumbnailCache {
  private readonly known = new Map<number, string | null>();
  private readonly onScreen = new Map<string, readonly number[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly request: (images: number[]) => void) {}

  /** URI of an image's thumbnail; null if there is no image, undefined while it is not loaded. */
  get(image: number): string | null | undefined {
    return this.known.get(image);
  }

  add(items: readonly { image: number; uri: string | null }[]): void {
    for (const { image, uri } of items) this.known.set(image, uri);
  }

  /** Sets the images that one part of the panel (list or group) shows. */
  show(part: string, images: readonly number[]): void {
    this.onScreen.set(part, images);
    if (this.missing().length === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const missing = this.missing();
      if (missing.length > 0) this.request(missing);
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
