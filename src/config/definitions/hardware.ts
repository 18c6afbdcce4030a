/** Keys of the group Hardware: device, precision and threads. */
import { keysOf, type KeyDefinition } from './keyKinds';

const { integer, boolean, oneOf } = keysOf('Hardware');

export const hardwareKeys = {
  device: oneOf(
    'auto',
    ['auto', 'cpu', 'gpu'],
    'Device to train on; `auto` uses a GPU if the runtime has one.',
    'gpu',
  ),
  precision: oneOf(
    'fp32',
    ['fp32', 'tf32', 'bf16', 'fp16', 'auto'],
    'Precision of matrix products; weights and sums stay fp32. `tf32` requires a GPU; `fp16` trains with dynamic loss scaling, for GPUs without bf16 (experimental); `auto` uses bf16 if the hardware supports it, otherwise fp32.',
  ),
  xla: boolean(
    false,
    'Compile with XLA, for GPUs: on a CPU it is slower and takes more memory. Cannot be combined with gradient checkpointing.',
    'not available',
  ),
  gradient_precision: oneOf(
    'fp32',
    ['fp32', 'bf16'],
    'Precision in which several processes exchange gradients; `bf16` halves the traffic and rounds the sums.',
  ),
  threads: integer(
    0,
    0,
    1024,
    'Threads of the TensorFlow runtime; 0 uses one per core. Results are reproducible only with the same number of threads.',
    'not available',
  ),
} as const satisfies Record<string, KeyDefinition>;
