import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { localize, type MessageText } from '../../util/localize';
import { errnoOf, messageOf } from '../../util/userError';
import { DataError } from '../dataError';
import { orient } from './orient';
import type { RgbImage } from './rgbImage';
import { describeUnsupported, isCmykJpeg, sniffFormat } from './sniff';
import { tiffLayout, type TiffLayout } from './tiff';

// The loader decodes many images in parallel; more threads per image would only add context switches.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Maximum number of pixels of an image, as in Pillow. Limits the memory for decoding: 4 bytes per pixel of each image
 * that is decoded at the same time.
 */
const MAX_PIXELS = 178_956_970;

/** Ignores embedded color profiles and tolerates the same damage as Pillow, which BLIP uses to read images. */
const inputOptions = {
  failOn: 'truncated',
  ignoreIcc: true,
  limitInputPixels: MAX_PIXELS,
} as const;

/**
 * Reads an image as Pillow's `Image.open(file).convert('RGB')`: drops alpha (no compositing), expands palettes and
 * grayscale, converts 16 bits to 8, ignores EXIF orientation, gamma and color profiles, and applies the orientation of a
 * TIFF. Reads the first frame of an animation.
 *
 * @throws {DataError} that names the file if it is missing, not an image, or truncated
 */
export async function decodeImage(file: string): Promise<RgbImage> {
  const bytes = await readImageFile(file);
  try {
    return await decodeBytes(file, bytes);
  } catch (error) {
    throw await decodeError(file, bytes, error);
  }
}

async function decodeBytes(file: string, bytes: Buffer): Promise<RgbImage> {
  const tiff = sniffFormat(bytes) === 'tiff' ? tiffLayout(bytes) : undefined;
  if (tiff) return decodeTiff(file, bytes, tiff);
  return isCmykJpeg(bytes) ? decodeCmyk(bytes) : decodeRgb(bytes);
}

/** Size of an image as stored, and its EXIF orientation for viewers (1 to 8; 1 is upright). */
export interface ImageInfo {
  width: number;
  height: number;
  orientation: number;
}

/**
 * Reads the header of an image, and with `decode` also decodes it.
 * @throws {DataError} as `decodeImage`; without `decode`, truncated files are not detected
 */
export async function inspectImage(file: string, depth: 'decode' | 'header'): Promise<ImageInfo> {
  const bytes = await readImageFile(file);
  try {
    const { width, height, orientation = 1 } = await sharp(bytes, inputOptions).metadata();
    if (depth === 'decode') await decodeBytes(file, bytes);
    const tiff = sniffFormat(bytes) === 'tiff' ? tiffLayout(bytes) : undefined;
    if (!tiff) return { width, height, orientation };
    // The orientation of a TIFF is applied, so it looks as in viewers.
    const turned = tiff.orientation >= 5 && tiff.orientation <= 8;
    return { width: turned ? height : width, height: turned ? width : height, orientation: 1 };
  } catch (error) {
    throw await decodeError(file, bytes, error);
  }
}

async function readImageFile(file: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') throw new DataError(localize('the image is missing'), { file });
    if (code === 'EISDIR')
      throw new DataError(localize('the path of the image is a folder'), { file });
    throw new DataError(localize('the image cannot be read ({0})', messageOf(error)), { file });
  }
  if (!sniffFormat(bytes)) throw new DataError(describeUnsupported(bytes), { file });
  return bytes;
}

async function decodeError(file: string, bytes: Buffer, error: unknown): Promise<DataError> {
  if (error instanceof DataError) return error;
  const detail = messageOf(error).trim().split('\n')[0];
  if (/pixel limit/.test(detail)) {
    const size = await sharp(bytes, { limitInputPixels: false })
      .metadata()
      .catch(() => null);
    if (size)
      return new DataError(
        localize(
          "the image is {0} × {1} pixels, above Pillow's limit of {2}; downscale it",
          size.width,
          size.height,
          MAX_PIXELS.toLocaleString('en'),
        ),
        { file },
      );
  }
  return new DataError(localize('the image is truncated or damaged ({0})', detail), { file });
}

async function decodeTiff(file: string, bytes: Buffer, layout: TiffLayout): Promise<RgbImage> {
  const { photometric, orientation } = layout;
  const other = unsupportedColors(layout);
  if (other) throw new DataError(other, { file });
  const image = photometric === CMYK ? await decodeCmyk(bytes) : await decodeRgb(bytes);
  if (isPlainYcc(layout)) yccToRgb(image.data);
  return orient(image, orientation);
}

const CMYK = 5;
const YCBCR = 6;

/** Whether the pixels are YCbCr that no JPEG decoder has converted to RGB. */
const isPlainYcc = ({ photometric, compression }: TiffLayout): boolean =>
  photometric === YCBCR && compression !== 6 && compression !== 7;

/** The message for unsupported colors of a TIFF; undefined if they are supported. */
function unsupportedColors(layout: TiffLayout): MessageText | undefined {
  if (layout.photometric >= 8 && layout.photometric <= 10)
    return localize('this TIFF has CIELAB colors, which are not supported; convert it to PNG');
  if (isPlainYcc(layout) && layout.subsampling.some((step) => step !== 1))
    return localize(
      'this TIFF has subsampled YCbCr colors without JPEG compression, which are not supported; convert it to PNG',
    );
  return undefined;
}

/** A table of Pillow's libImaging/ConvertYCbCr.c: a factor times the chroma in fixed point with six fractional bits. */
const chromaTable = (factor: number): Int16Array =>
  Int16Array.from({ length: 256 }, (_, chroma) => Math.trunc(factor * (chroma - 128) * 64 + 0.5));
const redOfCr = chromaTable(1.402);
const greenOfCb = chromaTable(-0.34414);
const greenOfCr = chromaTable(-0.71414);
const blueOfCb = chromaTable(1.772);

/** Converts YCbCr to RGB in place, as Pillow computes it. */
function yccToRgb(data: Uint8Array): void {
  const clip = (value: number): number => Math.min(255, Math.max(0, value));
  for (let at = 0; at < data.length; at += 3) {
    const [y, cb, cr] = [data[at], data[at + 1], data[at + 2]];
    data[at] = clip(y + (redOfCr[cr] >> 6));
    data[at + 1] = clip(y + ((greenOfCb[cb] + greenOfCr[cr]) >> 6));
    data[at + 2] = clip(y + (blueOfCb[cb] >> 6));
  }
}

async function decodeRgb(bytes: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, inputOptions)
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  if (info.channels === 3) return { data, width, height };
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++)
    rgb.fill(data[pixel * info.channels], pixel * 3, pixel * 3 + 3);
  return { data: rgb, width, height };
}

/** Decodes CMYK with Pillow's conversion: each channel is (255 - c)(255 - k) / 255, rounded, without profiles. */
async function decodeCmyk(bytes: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, inputOptions)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const white = 255 - data[pixel * 4 + 3];
    for (let channel = 0; channel < 3; channel++) {
      const product = (255 - data[pixel * 4 + channel]) * white + 128;
      rgb[pixel * 3 + channel] = ((product >> 8) + product) >> 8;
    }
  }
  return { data: rgb, width, height };
}
