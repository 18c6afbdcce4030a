import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();

describe('images', () => {
  const picture = (file: string, width = 400, height = 300) =>
    sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toFile(file);
  const images = () =>
    vi
      .waitFor(() => expect(bench.panel.model.images).not.toBeNull())
      .then(() => bench.panel.model.images);

  it('are shown and opened from the image folder only, also not through links', async () => {
    const inside = join(bench.folder, 'images', 'a #1 %20.png');
    await picture(inside);
    await picture(join(bench.folder, 'secret.png'));
    await symlink(join(bench.folder, 'secret.png'), join(bench.folder, 'images', 'link.png'));
    await bench.write('val.jsonl', [
      bench.example(0, 0.1, { images: [inside, join(bench.folder, 'images', 'gone.png')] }),
      bench.example(1, 0.2, {
        images: [
          join(bench.folder, 'images', '..', 'secret.png'),
          join(bench.folder, 'images', 'link.png'),
        ],
      }),
    ]);
    await bench.open().ready();
    expect(await images()).toEqual([
      { path: inside, uri: `address:${inside}` },
      {
        path: join(bench.folder, 'images', 'gone.png'),
        uri: null,
        problem: 'The file is missing.',
      },
    ]);
    bench.panel.model.moveTo(1);
    const [outside, link] = (await images()) ?? [];
    expect(outside?.problem).toContain('outside the run');
    expect(link?.problem).toContain('a link that leads out');
    await bench.panel.model.openImage(1, 0);
    expect(bench.panel.model.notice?.message).toContain('outside the run');
    await bench.panel.model.openImage(1, 1);
    expect(bench.panel.model.notice?.message).toContain('a link that leads out');
    expect(bench.panel.opened).toEqual([]);
    bench.panel.unavailable = null;
    const asked = await bench.panel.model.questions.ask(1, {
      sentence: 'x',
      swapImages: false,
      swapTest: false,
    });
    expect(asked.problem?.message).toContain('outside the run');
  });

  it('are shown when the configuration exists, also if the panel was opened before', async () => {
    const file = join(bench.folder, 'images', 'a.png');
    await picture(file);
    await bench.write('val.jsonl', [bench.example(0, 0.1), bench.example(1, 0.2)]);
    bench.open(null, null);
    await bench.panel.ready();
    expect((await images())?.[0]).toMatchObject({ uri: null });
    await bench.panel.model.openAnnotation(0);
    expect(bench.panel.model.notice?.message).toContain('annotation file of this run is not known');
    bench.panel.imageRoot = join(bench.folder, 'images');
    bench.panel.model.moveTo(1);
    expect((await images())?.[0]).toEqual({ path: file, uri: `address:${file}` });
    await writeFile(join(bench.folder, 'val.json'), '{"identifier": "dev-0-0-0"}\n');
    await bench.panel.model.openAnnotation(0);
    expect(bench.panel.opened).toEqual([[join(bench.folder, 'val.json'), 1]]);
  });

  it('get thumbnails, created once and only while they are wanted', async () => {
    const file = join(bench.folder, 'images', 'a.png');
    await picture(file);
    await writeFile(join(bench.folder, 'images', 'b.png'), 'no picture');
    const thumbnails = new Thumbnails(join(bench.folder, 'cache'));
    const [first, second] = await Promise.all([thumbnails.get(file), thumbnails.get(file)]);
    expect(second).toBe(first);
    const { width, height } = await sharp(first ?? '').metadata();
    expect([width, height]).toEqual([96, 72]);
    expect(await thumbnails.get(join(bench.folder, 'images', 'b.png'))).toBeNull();
    const other = join(bench.folder, 'images', 'c.png');
    await picture(other);
    expect(await thumbnails.get(other, () => false)).toBeUndefined();
    expect(await thumbnails.get(other)).toMatch(/\.webp$/);
    // A changed image gets a new one.
    thumbnails.clear();
    await picture(file, 50, 20);
    const changed = await thumbnails.get(file);
    expect(changed).not.toBe(first);
    expect((await sharp(changed ?? '').metadata()).width).toBe(50);
  });

  it('are decoded only by the page in Restricted Mode, and not read outside the workspace', async () => {
    const file = join(bench.folder, 'images', 'a.png');
    await picture(file);
    const outside = join(bench.folder, 'outside', 'a.png');
    await bench.write('val.jsonl', [
      bench.example(0, 0.1),
      bench.example(1, 0.2, { images: [outside, outside] }),
    ]);
    bench.open();
    bench.panel.trusted = false;
    await bench.panel.ready();
    bench.panel.model.thumbnails.show('list', [0]);
    await vi.waitFor(() => expect(bench.panel.model.thumbnails.get(0)).toBe(`address:${file}`));
    expect(await readdir(bench.folder)).not.toContain('.thumbs');
    bench.panel.imageRoot = join(bench.folder, 'outside');
    bench.panel.model.moveTo(1);
    await vi.waitFor(() =>
      expect(bench.panel.model.images?.[0]?.problem ?? '').toContain('Trust the workspace'),
    );
  });

  it('that become visible are requested, and their thumbnails arrive', async () => {
    await picture(join(bench.folder, 'images', 'a.png'));
    await bench.write('val.jsonl', [bench.example(0, 0.1)]);
    await bench.open().ready();
    bench.panel.model.thumbnails.show('list', [0, 1]);
    await vi.waitFor(() =>
      expect(bench.panel.model.thumbnails.get(0)).toMatch(/^address:.*\.webp$/),
    );
    expect(bench.panel.model.thumbnails.get(1)).toBeNull();
  });
});
