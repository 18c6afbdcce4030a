/** Images that are truncated, replaced or removed while a run trains. */
import { copyFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { nlvr, startNlvr, tinyProject } from '../integration/tinyProject';
import { addRow, expectSameRun, randomized, resumeToEnd, stateOf, stepsOf } from './support';

/** Nothing is cached on disk. */
const settings = { ...randomized, cache_images: 'false', max_epoch: '40' };
/** A decoded image of over 256 KB is not kept in memory, so that it is read in every epoch. */
const drawLarge = (image: string): Promise<unknown> =>
  sharp({ create: { width: 320, height: 300, channels: 3, background: '#283cdc' } })
    .png()
    .toFile(image);
const damages = {
  truncated: (image: string) => truncateSync(image, 60),
  'replaced by a text': (image: string) => writeFileSync(image, 'no picture'),
  removed: (image: string) => rmSync(image),
};

test.each(Object.entries(damages))(
  'an image that is %s ends the run with its name; after it is restored, the resumed run has identical results',
  async (what, damage) => {
    const [reference, project] = [await tinyProject(settings), await tinyProject(settings)];
    const image = join(project.folder, 'images', 'blue-20.png');
    await drawLarge(join(reference.folder, 'images', 'blue-20.png'));
    await drawLarge(image);
    expect((await nlvr(['train', '--config', reference.config])).code).toBe(0);
    const backup = join(project.folder, 'backup.png');
    copyFileSync(image, backup);
    const child = startNlvr(['train', '--config', project.config]);
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdout?.resume();
    const ended = once(child, 'close');
    // Suspended until the image is damaged: otherwise it could end first on a busy machine.
    while (child.exitCode === null && stepsOf(project.run) < 1) await sleep(5);
    child.kill('SIGSTOP');
    expect(child.exitCode).toBeNull();
    damage(image);
    child.kill('SIGCONT');
    expect((await ended)[0]).toBe(2);
    expect(stderr).toMatch(/blue-20\.png/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stateOf(project.run)).toBe('failed');
    copyFileSync(backup, image);
    await resumeToEnd(project.config, project.run);
    await expectSameRun(project.run, reference.run);
    addRow(`image ${what} while training`, 1, 1, 'nothing; the run ends and names the image');
  },
  900_000,
);
