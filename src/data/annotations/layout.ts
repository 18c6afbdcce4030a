import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** How the file names of a release are put together from what an annotation says. */
export type Layout<T> = (item: T) => string;

const probes = 16;

/**
 * The layout under which the most of a few probed images exist; the first, the documented one, when none
 * does better. So a release may be unpacked as it came, or its images moved one folder up or down.
 *
 * @param layouts give a path relative to `imageRoot`; the preferred first.
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
