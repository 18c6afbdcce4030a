import type { MessageText } from '../util/localize';
import { ExitCode, UserError } from '../util/userError';

interface Options {
  /** What the user can do about it. */
  hint?: MessageText;
  cause?: unknown;
}

/** A failure of TensorFlow, or in finding and loading it; the command line exits with 3. */
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

/** The library exists but cannot be used: wrong version, damaged, or its self-test fails. */
export class RuntimeUnusableError extends RuntimeError {
  override readonly name = 'RuntimeUnusableError';
}

/** A GPU is required, and TensorFlow finds none. */
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

/** A defect in traced code, found before the computation runs. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}
