import type { BufferPointer, Capi, MemoryPointer } from './capi';

/** Copies the content of a `TF_Buffer`. */
export function bytesOf(capi: Capi, buffer: BufferPointer): Uint8Array {
  // struct TF_Buffer { const void* data; size_t length; … }
  const head = new BigUint64Array(2);
  capi.memcpy(head, buffer, head.byteLength);
  const [data = 0n, length = 0n] = head;
  const bytes = new Uint8Array(Number(length));
  if (bytes.length > 0) capi.memcpy(bytes, data as MemoryPointer, bytes.length);
  return bytes;
}
