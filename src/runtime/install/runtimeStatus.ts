/** Checks the library, for `nlvr runtime status` and the extension. */
import { dirname } from 'node:path';
import type { MessageText } from '../../util/localize';
import { errorDetails, UserError } from '../../util/userError';
import { findLibrary, type FindOptions, type Library } from './library';
import { folderSize } from './pip';
import { selfTest } from './selfTest';

export interface RuntimeStatus {
  library: Library | null;
  /** Bytes on disk, including NVIDIA's libraries of a managed copy. */
  size: number | null;
  version: string | null;
  /** Whether TensorFlow finds a GPU. */
  gpu: boolean | null;
  /** Why it does not work; null if it works. */
  problem: MessageText | null;
  hint: MessageText | null;
}

/** Finds the library and runs its self-test, which takes seconds. Errors of the user's setup are part of the result. */
export async function runtimeStatus(options: FindOptions = {}): Promise<RuntimeStatus> {
  let library: Library | null = null;
  let size: number | null = null;
  try {
    library = await findLibrary(options);
    size = await folderSize(
      library.source === 'managed' ? dirname(library.directory) : library.directory,
    );
    const { version, gpu } = await selfTest(library);
    return { library, size, version, gpu, problem: null, hint: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message: problem, hint } = errorDetails(error);
    return { library, size, version: null, gpu: null, problem, hint };
  }
}
