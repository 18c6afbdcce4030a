/** Files around contents, with the lengths and checksums that a reader looks at first. */
import { encodeRecord } from '../../src/run/tensorboard/records';

/** A header with its length before it, and as many bytes behind it as its greatest offset says. */
export function safetensorsFile(header: Uint8Array): Uint8Array {
  const text = Buffer.from(header).toString('latin1');
  const ends = [...text.matchAll(/"data_offsets"\s*:\s*\[\s*\d{1,6}\s*,\s*(\d{1,6})\s*\]/g)];
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const size = Math.min(1 << 16, Math.max(0, ...ends.map(([, end]) => Number(end))));
  return Buffer.concat([length, header, Buffer.alloc(size)]);
}

/** Messages, each with a byte that says its length before it, as a file of records with their checksums. */
export function recordFile(content: Uint8Array): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < content.length;) {
    const length = content[at];
    records.push(encodeRecord(content.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return Buffer.concat(records);
}

/** An archive as `torch.save` writes it, of a pickle and one storage. */
export function torchZip(pickle: Uint8Array): Uint8Array {
  const files: [string, Uint8Array][] = [
    ['archive/data.pkl', pickle],
    ['archive/data/0', Buffer.alloc(24, 1)],
  ];
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    // No checksum, as torch.serialization.set_crc32_options(False) leaves it.
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    local.copy(central, 16, 14, 28);
    central.writeUInt32LE(offset, 42);
    directory.push(central, Buffer.from(name));
    parts.push(local, Buffer.from(name), Buffer.from(content));
    offset += local.length + name.length + content.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
