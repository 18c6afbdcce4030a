import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserSlice } from '../../analysis/userSlices';

/** Runs `work` with a temporary folder and a file in it with the custom slices, for `--slices`. */
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
