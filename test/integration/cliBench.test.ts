/** Checks the graph and the trace that `nlvr bench` writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { succeed } from './cliSupport';
import { nodesOf, openSession } from './runtimeSupport';
import { tinyProject } from './tinyProject';

it('bench --graph and --profile write the graph and the operations of a step', async () => {
  const { config, folder } = await tinyProject();
  const graph = join(folder, 'graph.pb');
  const trace = join(folder, 'trace.json');
  await succeed(
    ...['bench', '--config', config, '--steps', '1', '--graph', graph, '--profile', trace],
  );
  const nodes = nodesOf(readFileSync(graph));
  const ops = new Set(nodes.values());
  expect([...ops]).toEqual(expect.arrayContaining(['VarHandleOp', 'MatMul', 'Placeholder']));
  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
    traceEvents: { ph: string; args: { node: string }; dur: number }[];
  };
  const run = traceEvents.filter(({ ph }) => ph === 'X');
  expect(run.length).toBeGreaterThan(100);
  // Most executed nodes have names of the graph; graph passes create the others.
  expect(run.filter(({ args }) => nodes.has(args.node)).length).toBeGreaterThan(run.length / 2);
});

describe('TensorFlow.js', () => {
  it('calls no deprecated function of util', async () => {
    const legacy = util as unknown as Record<string, unknown>;
    const { isArray } = legacy;
    onTestFinished(() => void (legacy['isArray'] = isArray));
    let warned = 0;
    legacy['isArray'] = (value: unknown) => {
      warned++;
      return Array.isArray(value);
    };
    const session = await openSession();
    onTestFinished(() => session.dispose());
    session.compile({
      name: 'concat',
      inputs: { x: { shape: [2], dtype: 'float32' } },
      build: ({ x }) => ({ y: tf.concat(tf.split(x, 2)) }),
    });
    expect(warned).toBe(0);
  });
});
