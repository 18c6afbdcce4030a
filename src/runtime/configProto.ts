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

const Experimental = { disableThreadSpinning: 9, disableOutputPartitionGraphs: 14 } as const;

const GraphOptions = { optimizerOptions: 3, rewriteOptions: 10 } as const;
const OptimizerOptions = { globalJitLevel: 5 } as const;
const JIT_ON_1 = 1;

/**
 * Grappler's passes that find nothing to do in a recorded program, yet copy the whole graph to look for it, and the
 * memory pass, which makes of a long sum additions in no fixed order.
 */
const RewriterConfig = {
  layoutOptimizer: 1,
  memoryOptimization: 4,
  loopOptimization: 9,
  functionOptimization: 10,
  metaOptimizerIterations: 12,
  shapeOptimization: 13,
  pinToHostOptimization: 18,
  implementationSelector: 22,
} as const;
const OFF = 2;
const NO_MEMORY_OPTIMIZATION = 1;
const ONE_ITERATION = 1;

export function encodeConfig(config: SessionConfig): Uint8Array {
  const fields: Bytes[] = [];
  // Without this a CPU session still creates a CUDA context where a GPU is present.
  if (config.device === 'cpu')
    fields.push(bytesField(ConfigProto.deviceCount, [...bytesField(1, 'GPU'), ...intField(2, 0)]));
  const { lanes, perOperation, operations } = parallelism(config);
  if (perOperation > 0) fields.push(intField(ConfigProto.intraOpParallelismThreads, perOperation));
  if (operations > 0) fields.push(intField(ConfigProto.interOpParallelismThreads, operations));
  fields.push(
    bytesField(ConfigProto.experimental, [
      // A thread that waits for its lane's next operation would take the core from one that computes.
      ...(lanes > 1 ? intField(Experimental.disableThreadSpinning, true) : []),
      // Nobody asks for these copies.
      ...intField(Experimental.disableOutputPartitionGraphs, true),
    ]),
  );
  // allow_growth: take GPU memory as it is needed, not all of it at the start.
  fields.push(bytesField(ConfigProto.gpuOptions, intField(4, true)));
  fields.push(intField(ConfigProto.allowSoftPlacement, true));
  fields.push(
    bytesField(ConfigProto.graphOptions, [
      ...(config.xla
        ? bytesField(
            GraphOptions.optimizerOptions,
            intField(OptimizerOptions.globalJitLevel, JIT_ON_1),
          )
        : []),
      ...bytesField(GraphOptions.rewriteOptions, [
        ...intField(RewriterConfig.layoutOptimizer, OFF),
        ...intField(RewriterConfig.memoryOptimization, NO_MEMORY_OPTIMIZATION),
        ...intField(RewriterConfig.loopOptimization, OFF),
        ...intField(RewriterConfig.functionOptimization, OFF),
        ...intField(RewriterConfig.metaOptimizerIterations, ONE_ITERATION),
        ...intField(RewriterConfig.shapeOptimization, OFF),
        ...intField(RewriterConfig.pinToHostOptimization, OFF),
        ...intField(RewriterConfig.implementationSelector, OFF),
      ]),
    ]),
  );
  return Uint8Array.from(fields.flat());
}
