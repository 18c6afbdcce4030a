/** Checks real-world image files: files that Pillow opens are read, others are refused with their format. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeImage, inspectImage } from '../../src/data/image/decode';

const folder = mkdtempSync(join(tmpdir(), 'nlvr-images-'));
afterAll(() => rmSync(folder, { recursive: true }));
const gray = () => sharp({ create: { width: 8, height: 6, channels: 3, background: '#406080' } });

function temporary(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** A 1-bit grayscale PNG with a size in its header and without pixels. */
function emptyPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const around = Buffer.alloc(8);
    around.writeUInt32BE(data.length, 0);
    around.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(0))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const fixtures = join(__dirname, '../fixtures/images');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  { size: [number, number]; rgb: string }
>;

describe('images', () => {
  it.each(Object.entries(expected))(
    'of %s equal those that Pillow reads',
    async (name, { size, rgb }) => {
      const file = join(fixtures, name);
      const { data, width, height } = await decodeImage(file);
      expect([width, height]).toEqual(size);
      expect(Buffer.from(data).toString('hex')).toBe(rgb);
      expect(await inspectImage(file, 'header')).toEqual({ width, height, orientation: 1 });
    },
  );

  it('of BigTIFF are read', async () => {
    const file = temporary(
      'big.tif',
      await gray().tiff({ bigtiff: true, compression: 'lzw' }).toBuffer(),
    );
    const { data, width, height } = await decodeImage(file);
    expect([width, height, ...data.subarray(0, 3)]).toEqual([8, 6, 0x40, 0x60, 0x80]);
  });

  it('of TIFF with CIELAB colors are refused', async () => {
    const bytes = await gray().tiff({ compression: 'none' }).toBuffer();
    // PhotometricInterpretation is a short of one value: 2 for RGB.
    const at = bytes.indexOf(Buffer.from([0x06, 0x01, 3, 0, 1, 0, 0, 0, 2, 0]));
    bytes[at + 8] = 8;
    await expect(decodeImage(temporary('lab.tif', bytes))).rejects.toThrow('CIELAB');
  });

  it('of AVIF are read regardless of the first brand', async () => {
    const bytes = await gray().avif({ lossless: true }).toBuffer();
    expect(bytes.subarray(8, 12).toString()).toBe('avif');
    bytes.write('mif1', 8);
    expect((await decodeImage(temporary('mif1.avif', bytes))).width).toBe(8);
  });

  it('that are too large are refused, with the limit in the message', async () => {
    await expect(decodeImage(temporary('large.png', emptyPng(20000, 9000)))).rejects.toThrow(
      "the image is 20000 × 9000 pixels, above Pillow's limit of 178,956,970",
    );
  });

  it.each([
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
    ['JPEG XL', Buffer.from('\xff\x0a', 'latin1')],
    ['JPEG 2000', Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1')],
    ['Photoshop', Buffer.from('8BPS')],
    ['BMP', Buffer.from('BM12345678')],
    ['TGA', Buffer.from('\0\0\x02pixelsTRUEVISION-XFILE.\0', 'latin1')],
  ])('of %s are reported, with what to do', async (name, bytes) => {
    await expect(decodeImage(temporary('other', bytes))).rejects.toThrow(
      new RegExp(`this is a ${name} image, which is not supported; convert it to PNG or JPEG`),
    );
  });
});
