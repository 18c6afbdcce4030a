import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PairImages } from '../../src/extension/dashboard/pairImages';
import { Thumbnails } from '../../src/extension/failures/thumbnails';

describe('thumbnails of the watched pairs', () => {
  it('are available after the run has its config.yaml, even if requested before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nlvr-pictures-'));
    try {
      let [mayShow, mayDecode] = [true, true];
      const image = join(folder, 'images', 'a.png');
      await mkdir(join(folder, 'images'));
      const red = { width: 8, height: 8, channels: 3, background: 'red' } as const;
      await sharp({ create: red }).png().toFile(image);
      const pictures = new PairImages(new Thumbnails(join(folder, 'cache')), (text) => text, {
        mayShow: () => Promise.resolve(mayShow),
        mayDecode: () => mayDecode,
      });
      const [before] = await pictures.get(folder, '', [image]);
      expect(before?.problem).toContain('config.yaml cannot be read');
      await writeFile(join(folder, 'config.yaml'), 'image_root: images\n');
      const [after] = await pictures.get(folder, '', [image]);
      expect(after?.uri).toMatch(/^data:image\/webp;base64,/);
      // In Restricted Mode the page receives the file itself, and no file outside the workspace.
      mayDecode = false;
      const [whole] = await pictures.get(folder, '', [image]);
      expect(whole?.uri).toBe(
        `data:image/png;base64,${(await readFile(image)).toString('base64')}`,
      );
      mayShow = false;
      const [none] = await pictures.get(folder, '', [image]);
      expect(none).toEqual({
        uri: null,
        problem: expect.stringContaining('Trust the workspace') as string,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
