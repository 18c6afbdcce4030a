/** Shared by the runtime's tests. */
import { findLibrary } from '../../src/runtime/install/library';
import { Session, type SessionOptions } from '../../src/runtime/session';

/** A session on the CPU. Fails where the library is not installed. */
export async function openSession(options: Partial<SessionOptions> = {}): Promise<Session> {
  return Session.open({
    library: await findLibrary(),
    device: 'cpu',
    precision: 'fp32',
    xla: false,
    threads: 0,
    ...options,
  });
}

/** sin(i · step), as in test/fixtures/runtime/generate.py. */
export function wave(count: number, step: number, scale = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * step)) * scale);
}

/** Largest absolute difference. */
export function difference(
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
): number {
  if (actual?.length !== expected.length)
    throw new Error(`${actual?.length ?? 'no'} values, expected ${expected.length}`);
  let largest = 0;
  for (let i = 0; i < expected.length; i++)
    largest = Math.max(largest, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
  return largest;
}
