/** TensorFlow's session configuration (tensorflow/core/protobuf/config.proto), encoded by hand. */
import { parallelism, type ParallelismOptions } from './parallelism';
import { type Bytes, bytesField, intField } from './protobuf';

export type SessionConfig = ParallelismOptions;

const ConfigProto = {
  deviceCount: 1,
  intraOpParallelismThreads: 2,
  interOpParallelismThreads: 5,
  gpuOptions: 6,
  allowSoftPlacement: 7,
  graphOptions: 10,
  experimental: 16,
} as const;

const Experimental = { disableThreadSpinning: 9 } as const;

const OptimizerOptions = { globalJitLevel: 5 } as const;
const JIT_ON_1 = 1;

export function encodeConfig(config: SessionConfig): Uint8Array {
  const fields: Bytes[] = [];
  // Without this a CPU session still creates a CUDA context where a GPU is present.
  if (config.device === 'cpu')
    fields.push(bytesField(ConfigProto.deviceCount, [...bytesField(1, 'GPU'), ...intField(2, 0)]));
  const { lanes, perOperation, operations } = parallelism(config);
  if (perOperation > 0)
    fields.push(intField(ConfigProto.intraOpParallelismThreads, perOperation));
  if (operations > 0) fields.push(intField(ConfigProto.interOpParallelismThreads, operations));
  // A thread that waits for its lane's next operation would take the core from one that computes.
  if (lanes > 1)
    fields.push(
      bytesField(ConfigProto.experimental, intField(Experimental.disableThreadSpinning, true)),
    );
  // allow_growth: take GPU memory as it is needed, not all of it at the start.
  fields.push(bytesField(ConfigProto.gpuOptions, intField(4, true)));
  fields.push(intField(ConfigProto.allowSoftPlacement, true));
  if (config.xla) {
    const optimizer = intField(OptimizerOptions.globalJitLevel, JIT_ON_1);
    fields.push(bytesField(ConfigProto.graphOptions, bytesField(3, optimizer)));
  }
  return Uint8Array.from(fields.flat());
}
