import type { MessageText } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';

interface Options {
  /** What the person can do about it. */
  hint?: MessageText;
  cause?: unknown;
}

/** A failure inside TensorFlow or on the way to it; the command line exits with 3. */
export class RuntimeError extends UserError {
  override readonly name: string = 'RuntimeError';

  constructor(message: MessageText, options: Options = {}) {
    super(message, { ...options, exitCode: ExitCode.runtime });
  }
}

/** No TensorFlow library was found; the hint says how to get one. */
export class RuntimeMissingError extends RuntimeError {
  override readonly name = 'RuntimeMissingError';
}

/** This operating system or processor has no TensorFlow library with the C API. */
export class UnsupportedPlatformError extends RuntimeError {
  override readonly name = 'UnsupportedPlatformError';
}

/** The library is there but cannot be used: wrong version, damaged, failing its self-test. */
export class RuntimeUnusableError extends RuntimeError {
  override readonly name = 'RuntimeUnusableError';
}

/** A GPU was asked for and TensorFlow sees none. */
export class NoGpuError extends RuntimeError {
  override readonly name = 'NoGpuError';
}

/** Downloading or unpacking the library failed. */
export class InstallError extends RuntimeError {
  override readonly name = 'InstallError';
}

/** The computation did not fit in memory. */
export class OutOfMemoryError extends RuntimeError {
  override readonly name = 'OutOfMemoryError';
}

/** A defect in code that describes a computation, found while it is recorded, before anything runs. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}
