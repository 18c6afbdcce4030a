/** Small pictures of images, for people to look at. */

/** Longer side up to which a drawing is kept exactly, as a multiple of what is asked for. */
const EXACTLY_UP_TO = 2;

/**
 * A WebP picture of an image, at most `side` pixels long. Small drawings are kept exactly. The orientation tag is not
 * applied: the model does not see it either.
 * @throws what the library says of a file that is no picture
 */
export async function smallPicture(file: string, side: number): Promise<Buffer> {
  // Loaded with the first picture: the native library costs more than the rest of a panel.
  const { default: sharp } = await import('sharp');
  const { width = 0, height = 0 } = await sharp(file).metadata();
  const small = Math.max(width, height) <= EXACTLY_UP_TO * side;
  return sharp(file, { failOn: 'none' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp(small ? { lossless: true } : { quality: 80 })
    .toBuffer();
}
