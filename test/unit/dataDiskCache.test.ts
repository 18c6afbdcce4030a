import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DiskCache, availableCacheBytes } from '../../src/data/loader/diskCache';

it('never reads entries of older versions, and removes them', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nlvr-cache-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'cache');
  const image = join(root, 'a.tif');
  writeFileSync(image, 'image');
  // An entry as the first version wrote it, which read TIFF with other colors.
  const { mtimeMs, size } = statSync(image);
  const pixels = Buffer.alloc(2 * 2 * 3, 9);
  const header = Buffer.from('NLVRIMG1--------');
  header.writeUInt32LE(2, 8);
  let sum = 0x811c9dc5;
  for (let i = 0; i < pixels.length; i += 4)
    sum = Math.imul(sum ^ pixels.readUInt32LE(i), 0x01000193);
  header.writeUInt32LE(sum >>> 0, 12);
  const name = createHash('sha256')
    .update(`${image}\0${mtimeMs}\0${size}\0${2}`)
    .digest('hex')
    .slice(0, 40);
  const old = join(folder, '2px', name.slice(0, 2), `${name}.rgb`);
  mkdirSync(dirname(old), { recursive: true });
  writeFileSync(old, Buffer.concat([header, pixels]));

  const target = new Uint8Array(pixels.length);
  expect(await new DiskCache(folder, 0).read(image, 2, target)).toBe(false);
  // The limit is the size of the old entry, which is removed, so that the new one has space.
  const room = await availableCacheBytes(folder, header.length + pixels.length, 2);
  expect(existsSync(old)).toBe(false);
  const cache = new DiskCache(folder, room);
  await cache.write(image, 2, new Uint8Array(pixels.length).fill(7));
  expect(await cache.read(image, 2, target)).toBe(true);
  expect(target[0]).toBe(7);
  expect(await availableCacheBytes(folder, header.length + pixels.length, 2)).toBe(0);
});
