import { localize, type MessageText } from '../../util/localize';

/** Image formats that the loader reads, detected by their first bytes, not by file names. */
export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp' | 'tiff' | 'avif';

const startsWith = (bytes: Uint8Array, text: string, offset = 0) =>
  bytes.length >= offset + text.length &&
  [...text].every((c, i) => bytes[offset + i] === c.charCodeAt(0));

/** Detects the format of an image file; null if it is not supported. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | null {
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, 'GIF8')) return 'gif';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp';
  // The second pair is BigTIFF.
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((mark) => startsWith(bytes, mark))) return 'tiff';
  if (brandsOf(bytes).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  return null;
}

/** The major and compatible brands of an ISO media file; empty for other files. */
function brandsOf(bytes: Uint8Array): string[] {
  if (!startsWith(bytes, 'ftyp', 4)) return [];
  const text = Buffer.from(bytes.subarray(0, 256)).toString('latin1');
  const end = Math.min(text.length, Buffer.from(bytes.subarray(0, 4)).readUInt32BE());
  const brands = [text.slice(8, 12)];
  // The four bytes after the major brand are its version.
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text.slice(at, at + 4));
  return brands;
}

/** Image formats that are not supported, by their first bytes. */
const unsupportedFormats: readonly (readonly [mark: string, at: number, name: string])[] = [
  ['BM', 0, 'BMP'],
  ['8BPS', 0, 'Photoshop'],
  ['\0\0\x01\0', 0, 'ICO'],
  ['\xff\x0a', 0, 'JPEG XL'],
  ['\0\0\0\x0cJXL ', 0, 'JPEG XL'],
  ['\0\0\0\x0cjP  ', 0, 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 0, 'JPEG 2000'],
  ['ftyphe', 4, 'HEIC'],
  ['ftypmif1', 4, 'HEIF'],
  ['ftypmsf1', 4, 'HEIF'],
  ['P5', 0, 'PGM'],
  ['P6', 0, 'PPM'],
  ['P4', 0, 'PBM'],
  ['SIMPLE  =', 0, 'FITS'],
  ['DDS ', 0, 'DDS'],
];

const unsupported = (format: string): MessageText =>
  localize(
    'this is a {0} image, which is not supported; convert it to PNG or JPEG, for example with `{1}`',
    format,
    'magick mogrify -format png FILE',
  );

/** Describes a file that is not a supported image. */
export function describeUnsupported(bytes: Uint8Array): MessageText {
  const footer = Buffer.from(bytes.subarray(-26)).toString('latin1');
  if (footer.includes('TRUEVISION-XFILE')) return unsupported('TGA');
  const other = unsupportedFormats.find(([mark, at]) => startsWith(bytes, mark, at));
  if (other) return unsupported(other[2]);
  if (bytes.length === 0) return localize('the image file is empty');
  if (startsWith(bytes, 'version https://git-lfs'))
    return localize('this is a Git LFS pointer, not the image; run `git lfs pull`');
  if (startsWith(bytes, '<'))
    return localize(
      'this is a text file (HTML, SVG or XML), not a PNG, JPEG, GIF, WebP, TIFF or AVIF image',
    );
  return localize('this is not a PNG, JPEG, GIF, WebP, TIFF or AVIF image');
}

/** Whether a file is a JPEG with four color channels. Walks the segments to the frame header. */
export function isCmykJpeg(bytes: Uint8Array): boolean {
  if (sniffFormat(bytes) !== 'jpeg') return false;
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return bytes[at + 9] === 4;
    if (marker === 0xda) return false;
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    at += 2 + length;
  }
  return false;
}
