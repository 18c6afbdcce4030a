import { loadLibc } from '../tensorflow/capi';

/**
 * Ends the process immediately, without waiting for native calls that are still under way: a collective whose other side
 * is gone never returns. Everything written synchronously before is out.
 */
export function exitNow(code: number): never {
  const exit = loadLibc().func('_exit', 'void', ['int']) as (code: number) => void;
  exit(code);
  throw new Error('_exit returned');
}
