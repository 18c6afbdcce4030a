/** Images up to this multiple of the thumbnail's side are encoded losslessly. */
const LOSSLESS_UP_TO = 2;

/**
 * Creates a WebP thumbnail of an image, at most `side` pixels wide and high. Small images are encoded losslessly. The
 * orientation tag is not applied, because the model does not see it either.
 * @throws the error of sharp if the file is not an image
 */
export async function createThumbnail(file: string, side: number): Promise<Buffer> {
  // Loaded on demand: the native library takes longer to load than the rest of a panel.
  const { default: sharp } = await import('sharp');
  const { width = 0, height = 0 } = await sharp(file).metadata();
  const small = Math.max(width, height) <= LOSSLESS_UP_TO * side;
  return sharp(file, { failOn: 'none' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp(small ? { lossless: true } : { quality: 80 })
    .toBuffer();
}
