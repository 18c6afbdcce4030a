/** Shared by the runtime's tests. */
import { findLibrary } from '../../src/runtime/install/library';
import { fieldsOf } from '../../src/runtime/tensorflow/protobuf';
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

/** Names and types of the nodes of a serialized `GraphDef`. */
export function nodesOf(definition: Uint8Array): Map<string, string> {
  const text = new TextDecoder();
  const nodes = new Map<string, string>();
  for (const { field, value } of fieldsOf(definition)) {
    if (field !== 1 || typeof value === 'number') continue;
    const [name, op] = [...fieldsOf(value)].filter(({ field: inner }) => inner <= 2);
    nodes.set(text.decode(name.value as Uint8Array), text.decode(op.value as Uint8Array));
  }
  return nodes;
}
