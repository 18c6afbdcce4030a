/** Our hand-written protocol buffers against the descriptors in TensorFlow's library: field numbers, types, enums. */
import { beforeAll, expect, it } from 'vitest';
import { encodeServerDef } from '../../src/runtime/distributed/server';
import { SINGLE } from '../../src/runtime/distributed/rankSpec';
import { encodeConfig } from '../../src/runtime/tensorflow/configProto';
import { decodeStepStats, encodeTraceOptions } from '../../src/runtime/tensorflow/stepStats';
import { Descriptors } from './protoDescriptors';

let descriptors: Descriptors;
beforeAll(async () => {
  descriptors = await Descriptors.ofLibrary();
});

const graphPasses = {
  layout_optimizer: 'OFF',
  memory_optimization: 'NO_MEM_OPT',
  loop_optimization: 'OFF',
  function_optimization: 'OFF',
  meta_optimizer_iterations: 'ONE',
  shape_optimization: 'OFF',
  pin_to_host_optimization: 'OFF',
  implementation_selector: 'OFF',
  disable_tfg_optimizer: true,
};
const two = { ...SINGLE, rank: 1, localRank: 1, worldSize: 2, addresses: ['a:1', 'b:2'] };

it('the session configuration of a CPU in shards', () => {
  const bytes = encodeConfig({
    ...{ device: 'cpu', xla: false, threads: 2, sharded: true, rankSpec: SINGLE },
  } as const);
  expect(descriptors.decode('.tensorflow.ConfigProto', bytes)).toEqual({
    device_count: [{ key: 'GPU', value: 0 }],
    intra_op_parallelism_threads: 1,
    inter_op_parallelism_threads: 2,
    experimental: { disable_thread_spinning: true, disable_output_partition_graphs: true },
    gpu_options: { allow_growth: true, visible_device_list: '0' },
    allow_soft_placement: true,
    graph_options: {
      optimizer_options: { opt_level: 'L0' },
      rewrite_options: { ...graphPasses, constant_folding: 'OFF', remapping: 'OFF' },
    },
  });
});

it('the session configuration of a rank with XLA on a GPU', () => {
  const bytes = encodeConfig({ device: 'gpu', xla: true, threads: 3, rankSpec: two });
  expect(descriptors.decode('.tensorflow.ConfigProto', bytes)).toEqual({
    intra_op_parallelism_threads: 3,
    inter_op_parallelism_threads: 3,
    device_filters: ['/job:worker/replica:0/task:1'],
    experimental: {
      collective_group_leader: '/job:worker/replica:0/task:0',
      disable_output_partition_graphs: true,
    },
    gpu_options: { allow_growth: true, visible_device_list: '1' },
    allow_soft_placement: true,
    graph_options: {
      optimizer_options: { global_jit_level: 'ON_1' },
      rewrite_options: graphPasses,
    },
  });
});

it('the server of a rank', () => {
  const config = encodeConfig({ device: 'gpu', xla: false, threads: 1, rankSpec: two });
  expect(descriptors.decode('.tensorflow.ServerDef', encodeServerDef(two, config))).toMatchObject({
    cluster: {
      job: [
        {
          name: 'worker',
          tasks: [
            { key: 0, value: 'a:1' },
            { key: 1, value: 'b:2' },
          ],
        },
      ],
    },
    job_name: 'worker',
    task_index: 1,
    default_session_config: { intra_op_parallelism_threads: 1 },
    protocol: 'grpc',
  });
});

it('the profile of a step', () => {
  const level = (remote: boolean): unknown =>
    descriptors.decode('.tensorflow.RunOptions', encodeTraceOptions({ remote }));
  expect([level(false), level(true)]).toEqual([
    { trace_level: 'SOFTWARE_TRACE' },
    { trace_level: 'FULL_TRACE' },
  ]);
  const metadata = descriptors.encode('.tensorflow.RunMetadata', {
    step_stats: {
      dev_stats: [
        {
          device: '/device:CPU:0',
          node_stats: [
            {
              node_name: 'product',
              all_start_micros: 5_000_000,
              op_start_rel_micros: 10,
              op_end_rel_micros: 20,
              all_end_rel_micros: 2500,
              memory: [
                { allocator_name: 'cpu', total_bytes: 100, peak_bytes: 64, live_bytes: 8 },
                { allocator_name: 'gpu', peak_bytes: 36 },
              ],
              timeline_label: 'product = MatMul(a, b)',
              thread_id: 7,
            },
          ],
        },
      ],
    },
  });
  expect(decodeStepStats(Uint8Array.from(metadata))).toEqual([
    {
      name: 'product',
      op: 'MatMul',
      device: '/device:CPU:0',
      start: 5000,
      duration: 2.5,
      bytes: 100,
    },
  ]);
});
