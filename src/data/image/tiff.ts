/** Reads the tags of a TIFF's first directory that the decoder does not handle. */

export interface TiffLayout {
  /** PhotometricInterpretation: 2 RGB, 5 CMYK, 6 YCbCr, 8 to 10 CIELAB. */
  photometric: number;
  /** 1 none, 5 LZW, 6 and 7 JPEG, 8 deflate. */
  compression: number;
  /** As EXIF: 1 upright, 2 to 8 mirrored and turned. */
  orientation: number;
  /** Horizontal and vertical subsampling of the chroma of YCbCr. */
  subsampling: readonly [number, number];
}

const tags = { compression: 259, photometric: 262, orientation: 274, subsampling: 530 } as const;

/** Reads the tags of the first image, classic TIFF or BigTIFF; undefined if the directory is damaged. */
export function tiffLayout(bytes: Buffer): TiffLayout | undefined {
  try {
    return readLayout(bytes);
  } catch (error) {
    // The file is too short: the decoder reports the error.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readLayout(bytes: Buffer): TiffLayout {
  const little = bytes[0] === 0x49;
  const u16 = (at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u64 = (at: number): number =>
    Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  const isBig = u16(2) === 43;
  const directory = isBig ? u64(8) : u32(4);
  const count = isBig ? u64(directory) : u16(directory);
  const first = directory + (isBig ? 8 : 2);
  const size = isBig ? 20 : 12;
  const values = new Map<number, number>();
  // Limit the count, because a damaged file may contain any number.
  for (let i = 0; i < Math.min(count, 4096); i++) {
    const entry = first + i * size;
    values.set(u16(entry), entry + (isBig ? 12 : 8));
  }
  const value = (tag: number, fallback: number, index = 0): number => {
    const at = values.get(tag);
    return at === undefined ? fallback : u16(at + 2 * index);
  };
  return {
    photometric: value(tags.photometric, 2),
    compression: value(tags.compression, 1),
    orientation: value(tags.orientation, 1),
    subsampling: [value(tags.subsampling, 2), value(tags.subsampling, 2, 1)],
  };
}
