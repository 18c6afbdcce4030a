/**
 * Assigns images to slots of the runtime's feature variable. New images replace the least recently used ones, so that
 * neighboring examples that share images reuse their features.
 */
export class ImageSlots {
  /** Image path → slot; the order of insertion is the order of use. */
  private readonly slots = new Map<string, number>();
  private readonly free: number[];

  constructor(capacity: number) {
    this.free = Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  }

  /** The slot of an image, if it has one; counts as a use. */
  find(image: string): number | undefined {
    const slot = this.slots.get(image);
    if (slot === undefined) return undefined;
    this.slots.delete(image);
    this.slots.set(image, slot);
    return slot;
  }

  /**
   * Assigns a slot to a new image, if necessary that of the least recently used image.
   * @param inUse images of the current batch, which keep their slots.
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

  /** Frees all slots, because the weights may have changed. */
  clear(): void {
    this.free.push(...this.slots.values());
    this.slots.clear();
  }
}
