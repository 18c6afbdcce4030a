/** Encodes TensorFlow's session configuration (tensorflow/core/protobuf/config.proto). */
import { parallelism, type ParallelismOptions } from '../machine/parallelism';
import { type Bytes, bytesField, intField } from './protobuf';
import { type RankSpec, taskName } from '../distributed/rankSpec';

export interface SessionConfig extends ParallelismOptions {
  rankSpec: RankSpec;
}

const ConfigProto = {
  deviceCount: 1,
  intraOpParallelismThreads: 2,
  deviceFilters: 4,
  interOpParallelismThreads: 5,
  gpuOptions: 6,
  allowSoftPlacement: 7,
  graphOptions: 10,
  experimental: 16,
} as const;

const GpuOptions = { allowGrowth: 4, visibleDeviceList: 5 } as const;

const Experimental = {
  collectiveGroupLeader: 1,
  disableThreadSpinning: 9,
  disableOutputPartitionGraphs: 14,
} as const;

const GraphOptions = { optimizerOptions: 3, rewriteOptions: 10 } as const;
const OptimizerOptions = { optLevel: 3, globalJitLevel: 5 } as const;
const JIT_ON_1 = 1;
/** No constant folding and no second search for common subexpressions after Grappler's. */
const L0 = -1;

/**
 * Grappler passes to turn off: those that change nothing in a traced program but copy the whole graph, and the memory
 * pass, which splits long sums into additions without a fixed order.
 */
const RewriterConfig = {
  layoutOptimizer: 1,
  /** It changes no result, takes a quarter of the time of all passes, and its constants take memory. */
  constantFolding: 3,
  memoryOptimization: 4,
  loopOptimization: 9,
  functionOptimization: 10,
  metaOptimizerIterations: 12,
  shapeOptimization: 13,
  pinToHostOptimization: 18,
  /** It fuses matrix products with their biases, which are already fused when they are traced (ops/linear.ts). */
  remapping: 14,
  implementationSelector: 22,
  /** Passes on another representation, to which the graph is converted twice: a third of the time of all passes. */
  disableTfgOptimizer: 32,
} as const;
const OFF = 2;
const NO_MEMORY_OPTIMIZATION = 1;
const ONE_ITERATION = 1;

export function encodeConfig(config: SessionConfig): Uint8Array {
  const fields: Bytes[] = [];
  // Otherwise a CPU session on a machine with a GPU still creates a CUDA context.
  if (config.device === 'cpu')
    fields.push(bytesField(ConfigProto.deviceCount, [...bytesField(1, 'GPU'), ...intField(2, 0)]));
  const { shards, intraOpThreads, interOpThreads } = parallelism(config);
  if (intraOpThreads > 0)
    fields.push(intField(ConfigProto.intraOpParallelismThreads, intraOpThreads));
  if (interOpThreads > 0)
    fields.push(intField(ConfigProto.interOpParallelismThreads, interOpThreads));
  const { rankSpec } = config;
  // A rank's session must place operations on its own devices only.
  if (rankSpec.worldSize > 1)
    fields.push(bytesField(ConfigProto.deviceFilters, taskName(rankSpec.rank)));
  fields.push(
    bytesField(ConfigProto.experimental, [
      ...(rankSpec.worldSize > 1
        ? bytesField(Experimental.collectiveGroupLeader, taskName(0))
        : []),
      // A spinning thread that waits for the next operation of its shard would take the core from one that computes.
      ...(shards > 1 ? intField(Experimental.disableThreadSpinning, true) : []),
      // These copies of the graph are not used.
      ...intField(Experimental.disableOutputPartitionGraphs, true),
    ]),
  );
  fields.push(
    bytesField(ConfigProto.gpuOptions, [
      // Allocates GPU memory as needed, instead of all of it at the start.
      ...intField(GpuOptions.allowGrowth, true),
      // One GPU per process: no context and no memory on the others.
      ...bytesField(GpuOptions.visibleDeviceList, String(rankSpec.localRank)),
    ]),
  );
  fields.push(intField(ConfigProto.allowSoftPlacement, true));
  fields.push(
    bytesField(ConfigProto.graphOptions, [
      ...bytesField(
        GraphOptions.optimizerOptions,
        config.xla
          ? intField(OptimizerOptions.globalJitLevel, JIT_ON_1)
          : intField(OptimizerOptions.optLevel, L0),
      ),
      ...bytesField(GraphOptions.rewriteOptions, [
        ...intField(RewriterConfig.layoutOptimizer, OFF),
        ...intField(RewriterConfig.memoryOptimization, NO_MEMORY_OPTIMIZATION),
        ...intField(RewriterConfig.loopOptimization, OFF),
        ...intField(RewriterConfig.functionOptimization, OFF),
        ...intField(RewriterConfig.metaOptimizerIterations, ONE_ITERATION),
        ...intField(RewriterConfig.shapeOptimization, OFF),
        ...intField(RewriterConfig.pinToHostOptimization, OFF),
        ...intField(RewriterConfig.implementationSelector, OFF),
        ...intField(RewriterConfig.disableTfgOptimizer, true),
        // With a GPU or XLA their effect was not measured.
        ...(config.device === 'cpu' && !config.xla
          ? [
              ...intField(RewriterConfig.constantFolding, OFF),
              ...intField(RewriterConfig.remapping, OFF),
            ]
          : []),
      ]),
    ]),
  );
  return Uint8Array.from(fields.flat());
}
