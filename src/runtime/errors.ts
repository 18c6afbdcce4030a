/**
 * What can go wrong in the runtime. Every class carries the exit code that the command line ends with,
 * so that callers need not know the kinds.
 */

/** Exit code of the command line for anything the TensorFlow runtime is to blame for. */
export const RUNTIME_EXIT_CODE = 3;

/** A failure inside TensorFlow or on the way to it. */
export class RuntimeError extends Error {
  readonly exitCode: number = RUNTIME_EXIT_CODE;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No TensorFlow library was found; the message says how to get one. */
export class RuntimeMissingError extends RuntimeError {}

/** This operating system or processor has no TensorFlow library with the C API. */
export class UnsupportedPlatformError extends RuntimeError {}

/** The library is there but cannot be used: wrong version, damaged, failing its self-test. */
export class RuntimeUnusableError extends RuntimeError {}

/** Downloading or unpacking the library failed. */
export class InstallError extends RuntimeError {}

/** The computation did not fit in memory. */
export class OutOfMemoryError extends RuntimeError {}

/** A mistake in code that describes a computation: found while it is recorded, before anything runs. */
export class TraceError extends RuntimeError {}
