/**
 * Decodes the timings of a run's operations from `RunMetadata.step_stats` (tensorflow/core/framework/step_stats.proto), as
 * far as a profile needs them.
 */
import { fieldsOf, intField } from './protobuf';

/** One operation of a run. */
export interface OpTiming {
  /** Name of the node in the graph. */
  name: string;
  /** Type of the op, such as MatMul; that of the fused op where graph passes fused several. */
  op: string;
  /** TensorFlow's name of the device. */
  device: string;
  /** Milliseconds since the epoch. */
  start: number;
  /** Milliseconds the operation took. */
  duration: number;
  /** Peak of the bytes that it allocated, including its outputs. */
  bytes: number;
}

const SOFTWARE_TRACE = 1;
const FULL_TRACE = 3;

/**
 * Encodes `RunOptions` that time each operation.
 * @param remote whether the session runs on a server, which times operations only at the highest level (master_session.cc)
 */
export function encodeTraceOptions({ remote = false } = {}): Uint8Array {
  return Uint8Array.from(intField(1, remote ? FULL_TRACE : SOFTWARE_TRACE));
}

const utf8 = new TextDecoder();

/**
 * Decodes the operations of all devices, in TensorFlow's order.
 * @param metadata a serialized `RunMetadata`
 * @throws RangeError when the message is damaged
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
