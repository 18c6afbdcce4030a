/** Measures when operations of a program have run, on the clock of `Date.now()`. */
import type { OperationPointer, Output } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import type { Trace } from '../trace/trace';

/** Milliseconds are counted modulo this number, so that they fit into 32 bits. */
const CYCLE_MS = 100_000_000;

/**
 * Adds a reading of the clock after some operations.
 * @returns int32 scalar, milliseconds modulo a cycle
 */
export function clockAfter(trace: Trace, operations: readonly OperationPointer[]): Output {
  return trace.after(operations, () => {
    const DOUBLE = { T: { type: DType.float64 } } as const;
    const double = (value: number): Output =>
      trace.constant([], DType.float64, Float64Array.of(value));
    const ms = trace.op('Mul', [trace.op('Timestamp', []), double(1000)], DOUBLE);
    const rest = trace.op('FloorMod', [ms, double(CYCLE_MS)], DOUBLE);
    return trace.cast(rest, DType.float64, DType.int32);
  });
}

/** The current reading of the clock, as that of `clockAfter`. */
export function clockMs(): number {
  return Date.now() % CYCLE_MS;
}

/** Milliseconds from one reading to a later one. */
export function elapsedMs(from: number, to: number): number {
  return (((to - from) % CYCLE_MS) + CYCLE_MS) % CYCLE_MS;
}
