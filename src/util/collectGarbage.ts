import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects garbage now. For moments after which a process lives on with little of what it holds: V8 counts the
 * contents of typed arrays hardly at all, and may keep gigabytes of dead ones.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  // The second one gives back the pages that the first one emptied.
  gc();
}
