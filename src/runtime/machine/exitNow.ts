import { loadLibc } from '../tensorflow/capi';

/**
 * Ends the process immediately, without waiting for pending native calls: a collective whose other rank has ended never
 * returns. Everything that was written synchronously before is complete.
 */
export function exitNow(code: number): never {
  const exit = loadLibc().func('_exit', 'void', ['int']) as (code: number) => void;
  exit(code);
  throw new Error('_exit returned');
}
