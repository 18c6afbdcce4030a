import { expect, it } from 'vitest';
import { DType } from '../../src/runtime/tensorflow/dtypes';
import { Collectives } from '../../src/runtime/distributed/collectives';
import type { Trace } from '../../src/runtime/trace/trace';

it('requests NCCL explicitly if gradients are on the device, and the ring between hosts', () => {
  // Without a GPU, only the request to TensorFlow can be checked. With `auto`, TensorFlow never uses NCCL.
  const hints: unknown[] = [];
  const trace = {
    graph: { typeOf: () => DType.float32 },
    op: (_type: string, inputs: unknown[], attributes: Record<string, unknown>) => {
      hints.push(attributes['communication_hint']);
      return inputs[0];
    },
  } as unknown as Trace;
  const spec = { rank: 0, worldSize: 2, localRank: 0, localWorldSize: 2, addresses: [] };
  const collectives = new Collectives(trace, spec);
  const value = { oper: {}, index: 0 } as unknown as Parameters<Collectives['allReduce']>[0];
  collectives.allReduce(value, { name: 'test/device', runsOn: 'device' });
  collectives.allReduce(value, { name: 'test/host', runsOn: 'host' });
  expect(hints).toEqual([{ string: 'nccl' }, { string: 'ring' }]);
});
