import { bestView, contentMap, MAP_SIDE, type Viewpoint } from './viewpoint';

/**
 * Finds the part of the images to zoom into with a key, when the pointer is not over an image: the part with the most
 * content rather than the center, which may be empty. Falls back to the center if no image can be read.
 * @param addresses of the images
 * @param ratio width of their frame divided by its height
 */
export async function findContentView(
  addresses: readonly string[],
  ratio: number,
  scale: number,
): Promise<Viewpoint> {
  const maps = await Promise.all(
    addresses.map((address) => contentMapOf(address, ratio).catch(() => null)),
  );
  return bestView(
    maps.filter((map) => map !== null),
    scale,
  );
}

async function contentMapOf(address: string, ratio: number): Promise<Float32Array | null> {
  const picture = new Image();
  // Without CORS the canvas would be tainted and unreadable; VS Code serves its resources to any origin.
  picture.crossOrigin = 'anonymous';
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = MAP_SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  // Place the image in the frame like `object-fit: contain`.
  const shape = picture.naturalWidth / picture.naturalHeight / ratio;
  const width = MAP_SIDE * Math.min(1, shape);
  const height = MAP_SIDE * Math.min(1, 1 / shape);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, (MAP_SIDE - width) / 2, (MAP_SIDE - height) / 2, width, height);
  return contentMap(context.getImageData(0, 0, MAP_SIDE, MAP_SIDE).data);
}
