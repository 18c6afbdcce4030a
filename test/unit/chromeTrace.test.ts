import { expect, it } from 'vitest';
import { chromeTrace } from '../../src/runtime/tensorflow/chromeTrace';
import type { OpTiming } from '../../src/runtime/tensorflow/stepStats';

it('the operations of a step become Chrome trace events: a process per device, a row per concurrent operation', () => {
  const timing = (name: string, device: string, start: number, duration: number): OpTiming => ({
    ...{ name, op: name.toUpperCase(), device, start, duration, bytes: 8 },
  });
  const trace: unknown = JSON.parse(
    chromeTrace([
      timing('b', 'cpu', 1002, 4),
      timing('a', 'cpu', 1000, 3),
      timing('c', 'cpu', 1003, 1),
      timing('d', 'gpu', 1001, 1),
    ]),
  );
  const event = (node: string, pid: number, tid: number, ts: number, dur: number): unknown => ({
    ...{ ph: 'X', name: node.toUpperCase(), cat: 'op', pid, tid, ts, dur },
    args: { node, bytes: 8 },
  });
  expect(trace).toEqual({
    displayTimeUnit: 'ms',
    traceEvents: [
      { ph: 'M', name: 'process_name', pid: 0, args: { name: 'cpu' } },
      event('a', 0, 0, 0, 3000),
      event('b', 0, 1, 2000, 4000),
      event('c', 0, 0, 3000, 1000),
      { ph: 'M', name: 'process_name', pid: 1, args: { name: 'gpu' } },
      event('d', 1, 0, 1000, 1000),
    ],
  });
});
