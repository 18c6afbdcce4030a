/** Decodes and encodes scalars in TensorBoard events. */
import {
  decodeEvent,
  encodeEvent,
  type Event,
  type Long,
  type SummaryValue,
} from './generated/event.js';

export interface Scalar {
  tag: string;
  /** NaN if it was not finite. */
  value: number;
}

/** The scalars of an event. */
export interface ScalarEvent {
  step: number;
  /** Seconds since 1970. */
  time: number;
  scalars: Scalar[];
  /** A training starts or restarts here: earlier scalars of this step and later ones are void. */
  restart: boolean;
}

const SESSION_START = 1;
const DT_FLOAT = 1;
const DT_DOUBLE = 2;

/**
 * Decodes an event.
 * @param plugins plugin names by tag, which only the first value of a tag contains; updated by the call
 * @returns undefined if the message is not a TensorBoard event
 */
export function scalarEvent(
  message: Uint8Array,
  plugins: Map<string, string>,
): ScalarEvent | undefined {
  let event: Event;
  try {
    event = decodeEvent(message);
  } catch {
    return undefined;
  }
  const scalars: Scalar[] = [];
  for (const value of event.summary?.value ?? []) {
    const { tag = '' } = value;
    const plugin = value.metadata?.plugin_data?.plugin_name;
    if (plugin !== undefined && plugin !== '') plugins.set(tag, plugin);
    const number = scalarValue(value, plugins.get(tag));
    if (tag !== '' && number !== undefined) scalars.push({ tag, value: number });
  }
  return {
    step: longToNumber(event.step),
    time: event.wall_time ?? Number.NaN,
    scalars,
    restart: event.session_log?.status === SESSION_START,
  };
}

function scalarValue(value: SummaryValue, plugin: string | undefined): number | undefined {
  if (value.simple_value !== undefined) return value.simple_value;
  const { tensor } = value;
  if (!tensor || (plugin !== undefined && plugin !== 'scalars')) return undefined;
  const { dtype, tensor_content: bytes, float_val: floats, double_val: doubles } = tensor;
  if (dtype !== DT_FLOAT && dtype !== DT_DOUBLE) return undefined;
  const values = dtype === DT_FLOAT ? floats : doubles;
  if (values?.length === 1) return values[0];
  const size = dtype === DT_FLOAT ? 4 : 8;
  if (bytes?.length !== size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  return dtype === DT_FLOAT ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

function longToNumber(long: Long | undefined): number {
  return long ? long.high * 2 ** 32 + (long.low >>> 0) : 0;
}

/** Encodes the first event of a file. @param time seconds since 1970 */
export function versionMessage(time: number): Uint8Array {
  return encodeEvent({ wall_time: time, file_version: 'brain.Event:2' });
}

/** Encodes the scalars of one step as an event. */
export function scalarMessage(step: number, time: number, scalars: readonly Scalar[]): Uint8Array {
  return encodeEvent({
    wall_time: time,
    step: { low: step | 0, high: Math.floor(step / 2 ** 32), unsigned: false },
    summary: { value: scalars.map(({ tag, value }) => ({ tag, simple_value: value })) },
  });
}
