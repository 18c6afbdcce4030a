import { phrase, type Words } from '../../util/phrase';

/** Raster formats that the loader reads, by their first bytes; names of files do not matter. */
export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'webp' | 'tiff' | 'avif';

const startsWith = (bytes: Uint8Array, text: string, offset = 0) =>
  bytes.length >= offset + text.length &&
  [...text].every((c, i) => bytes[offset + i] === c.charCodeAt(0));

/** The format of an image file, null if it is none that the loader reads. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | null {
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, 'GIF8')) return 'gif';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp';
  if (startsWith(bytes, 'II*\0') || startsWith(bytes, 'MM\0*')) return 'tiff';
  if (startsWith(bytes, 'ftypavif', 4)) return 'avif';
  return null;
}

/** Says what a file is that is no image. */
export function describeForeign(bytes: Uint8Array): Words {
  if (bytes.length === 0) return phrase('the image file is empty');
  if (startsWith(bytes, 'version https://git-lfs'))
    return phrase('this is a Git LFS pointer, not the image; run `git lfs pull`');
  if (startsWith(bytes, '<'))
    return phrase(
      'this is a text file (HTML, SVG or XML), not a PNG, JPEG, GIF, WebP, TIFF or AVIF image',
    );
  return phrase('this is not a PNG, JPEG, GIF, WebP, TIFF or AVIF image');
}

/** Whether a file is a JPEG of four colour channels, found by walking its segments to the frame header. */
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
