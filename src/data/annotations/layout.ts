import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Builds the path of an image in a release from the fields of an annotation. */
export type Layout<T> = (item: T) => string;

const probes = 16;

/**
 * Chooses the layout under which most of a few probed images exist; the first (documented) one in case of a tie. So the
 * images may be where the archive unpacks them, or one folder up or down.
 *
 * @param layouts build a path relative to `imageRoot`, in order of preference
 */
export async function chooseLayout<T>(
  items: readonly T[],
  layouts: readonly Layout<T>[],
  imageRoot: string,
): Promise<Layout<T>> {
  const step = Math.max(1, Math.floor(items.length / probes));
  const sample = items.filter((_, i) => i % step === 0).slice(0, probes);
  let best = layouts[0];
  let most = 0;
  for (const layout of layouts) {
    const found = await Promise.all(
      sample.map((item) =>
        access(join(imageRoot, layout(item))).then(
          () => true,
          () => false,
        ),
      ),
    );
    const count = found.filter(Boolean).length;
    if (count > most) [best, most] = [layout, count];
    if (most === sample.length) break;
  }
  return best;
}
