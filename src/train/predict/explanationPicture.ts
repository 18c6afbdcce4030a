import { decodeImage } from '../../data/image/decode';
import { heatOverlay, encodePairPng } from '../../data/image/heatOverlay';
import { replaceFileAsync } from '../../util/atomicFile';
import { maxOfMaps } from '../../util/heatMap';

/**
 * Writes both images next to each other, overlaid with their maps, to a PNG file.
 * @param maps maps of the left and the right image, which share a color scale.
 * @param grid number of patches along a side.
 * @param fade 0 for the images only, 1 for the maps only.
 * @throws {UserError} when an image cannot be read, or the disk is full.
 */
export async function writeExplanation(
  file: string,
  { left, right }: { left: string; right: string },
  maps: readonly [ArrayLike<number>, ArrayLike<number>],
  grid: number,
  fade: number,
): Promise<void> {
  const scale = maxOfMaps(maps);
  const overlaid = async (image: string, map: ArrayLike<number>) =>
    heatOverlay(await decodeImage(image), map, grid, scale, fade);
  const png = await encodePairPng(await overlaid(left, maps[0]), await overlaid(right, maps[1]));
  await replaceFileAsync(file, async (handle) => {
    await handle.writeFile(png);
  });
}
