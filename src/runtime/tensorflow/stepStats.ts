/**
 * What TensorFlow measured about the operations of one run: `RunMetadata.step_stats`
 * (tensorflow/core/framework/step_stats.proto), decoded as far as a profile needs it.
 */
import { fieldsOf, intField } from './protobuf';

/** One operation of a run. */
export interface OpTiming {
  /** Name of the node in the graph. */
  name: string;
  /** Type of the op, such as MatMul; after TensorFlow's graph passes, so fused ops show as such. */
  op: string;
  /** Device that ran it, as TensorFlow names it. */
  device: string;
  /** Milliseconds since the epoch. */
  start: number;
  /** Milliseconds the operation took. */
  duration: number;
  /** Bytes that it allocated at most at a time, its outputs included. */
  bytes: number;
}

const SOFTWARE_TRACE = 1;
const FULL_TRACE = 3;

/**
 * `RunOptions` that ask for the timing of each operation.
 * @param remote of a session behind a server, which times operations at the highest level only (master_session.cc)
 */
export function encodeTraceOptions({ remote = false } = {}): Uint8Array {
  return Uint8Array.from(intField(1, remote ? FULL_TRACE : SOFTWARE_TRACE));
}

const utf8 = new TextDecoder();

/**
 * Operations in the order of TensorFlow's list, of all devices.
 * @param metadata a serialised `RunMetadata`
 * @throws RangeError where the message is damaged
 */
export function decodeStepStats(metadata: Uint8Array): OpTiming[] {
  const timings: OpTiming[] = [];
  for (const stepStats of messages(metadata, 1))
    for (const device of messages(stepStats, 1))
      for (const node of messages(device, 2)) timings.push(decodeNode(node, nameOf(device)));
  return timings;
}

/** `DeviceStepStats.device`. */
function nameOf(device: Uint8Array): string {
  for (const name of messages(device, 1)) return utf8.decode(name);
  return '';
}

function decodeNode(node: Uint8Array, device: string): OpTiming {
  let [name, label, start, duration, bytes] = ['', '', 0, 0, 0];
  for (const { field, value } of fieldsOf(node)) {
    if (field === 1 && typeof value !== 'number') name = utf8.decode(value);
    else if (field === 2 && typeof value === 'number') start = value / 1000;
    else if (field === 5 && typeof value === 'number') duration = value / 1000;
    else if (field === 8 && typeof value !== 'number') label = utf8.decode(value);
    else if (field === 6 && typeof value !== 'number')
      for (const { field: inner, value: peak } of fieldsOf(value))
        if (inner === 3 && typeof peak === 'number') bytes += peak;
  }
  // The label reads "name = Op(inputs)".
  const op = / = (\w+)\(/.exec(label)?.[1] ?? name;
  return { name, op, device, start, duration, bytes };
}

function* messages(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  for (const { field, value } of fieldsOf(message))
    if (field === wanted && typeof value !== 'number') yield value;
}
