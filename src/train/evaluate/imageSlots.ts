/**
 * Which image's features lie in which slot of the runtime's feature variable. Least recently used images make
 * room for new ones, so neighbours in the annotation file that share images find them encoded.
 */
export class ImageSlots {
  /** Image path → slot; the order of insertion is the order of use. */
  private readonly slots = new Map<string, number>();
  private readonly free: number[];

  constructor(capacity: number) {
    this.free = Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  }

  /** The slot of an image whose features are there; counts as a use. */
  find(image: string): number | undefined {
    const slot = this.slots.get(image);
    if (slot === undefined) return undefined;
    this.slots.delete(image);
    this.slots.set(image, slot);
    return slot;
  }

  /**
   * A slot for a new image; the one used longest ago gives way.
   * @param inUse images of the batch at hand, which must stay.
   */
  take(image: string, inUse: ReadonlySet<string>): number {
    let slot = this.free.pop();
    if (slot === undefined) {
      for (const [other, its] of this.slots) {
        if (inUse.has(other)) continue;
        this.slots.delete(other);
        slot = its;
        break;
      }
    }
    if (slot === undefined) throw new RangeError('more images in use than there are slots');
    this.slots.set(image, slot);
    return slot;
  }

  /** Forgets all features, for weights that have changed. */
  clear(): void {
    this.free.push(...this.slots.values());
    this.slots.clear();
  }
}
