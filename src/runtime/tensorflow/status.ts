import type { Capi, StatusPointer } from './capi';
import { OutOfMemoryError, RuntimeError } from '../errors';
import { localize } from '../../util/localize';

const TF_RESOURCE_EXHAUSTED = 8;

/** Owns a `TF_Status` and converts its errors. */
export class Status {
  private pointer: StatusPointer | undefined;

  constructor(private readonly capi: Capi) {
    this.pointer = capi.NewStatus();
  }

  get native(): StatusPointer {
    if (this.pointer === undefined) throw new RuntimeError('status used after it was disposed');
    return this.pointer;
  }

  /**
   * Checks the status of the last call.
   * @param what description of the call, for the message
   * @throws RuntimeError with TensorFlow's message when the call failed
   */
  check(what: string): void {
    const code = this.capi.GetCode(this.native);
    if (code === 0) return;
    const message = `${what}: ${this.capi.Message(this.native)}`;
    if (code === TF_RESOURCE_EXHAUSTED || /\bOOM\b/.test(message))
      throw new OutOfMemoryError(localize('The computation does not fit in memory. {0}', message), {
        hint: localize('Use a smaller batch, gradient checkpointing or smaller images.'),
      });
    throw new RuntimeError(message);
  }

  dispose(): void {
    if (this.pointer !== undefined) this.capi.DeleteStatus(this.pointer);
    this.pointer = undefined;
  }
}
