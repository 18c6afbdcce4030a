import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserSlice } from '../../analysis/userSlices';

/** Does work with a folder that goes with its end, and the user's slices in a file in it, for `--slices`. */
export async function withSlicesFile<T>(
  slices: readonly UserSlice[],
  work: (file: string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nlvr-slices-'));
  try {
    const file = join(folder, 'slices.json');
    await writeFile(file, JSON.stringify(slices));
    return await work(file, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
