import { bestView, contentMap, MAP_SIDE, type Viewpoint } from './viewpoint';

/**
 * Where to look in pictures that are enlarged by a key, with the pointer elsewhere: at what they show, not at the
 * middle, which may be empty. The middle where a picture cannot be read.
 * @param addresses of the pictures
 * @param ratio width of their frame by its height
 */
export async function lookAtContent(
  addresses: readonly string[],
  ratio: number,
  scale: number,
): Promise<Viewpoint> {
  const maps = await Promise.all(
    addresses.map((address) => mapOf(address, ratio).catch(() => null)),
  );
  return bestView(
    maps.filter((map) => map !== null),
    scale,
  );
}

async function mapOf(address: string, ratio: number): Promise<Float32Array | null> {
  const picture = new Image();
  // VS Code serves its resources to any origin; a canvas that drew a foreign picture could not be read.
  picture.crossOrigin = 'anonymous';
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = MAP_SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  // As `object-fit: contain` places it in the frame.
  const shape = picture.naturalWidth / picture.naturalHeight / ratio;
  const width = MAP_SIDE * Math.min(1, shape);
  const height = MAP_SIDE * Math.min(1, 1 / shape);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, (MAP_SIDE - width) / 2, (MAP_SIDE - height) / 2, width, height);
  return contentMap(context.getImageData(0, 0, MAP_SIDE, MAP_SIDE).data);
}
