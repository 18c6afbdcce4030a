import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCapi } from '../../src/runtime/tensorflow/capi';
import { RuntimeError, TraceError } from '../../src/runtime/errors';
import { findLibrary } from '../../src/runtime/install/library';
import type { Program, Scope } from '../../src/runtime/trace/program';
import type { Session } from '../../src/runtime/session';
import type { OpTiming } from '../../src/runtime/tensorflow/stepStats';
import { rawOp } from '../../src/runtime/trace/tracer';
import { compileGradients } from '../../src/runtime/optimizer/optimizerStep';
import { openSession, wave } from './runtimeSupport';

describe('Session', () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  });
  afterAll(() => session.dispose());

  it('reports the device', () => {
    expect(session.info).toMatchObject({ device: 'CPU', precision: 'fp32' });
    expect(session.info.tensorflow).toMatch(/^2\.\d+\.\d+/);
  });

  it('lets a GPU round float32 products only if tf32 is requested', async () => {
    const { tf32 } = await loadCapi((await findLibrary()).path);
    expect([tf32?.isAllowed(), process.env['NVIDIA_TF32_OVERRIDE']]).toEqual([false, '0']);
    const other = await openSession({ precision: 'tf32' });
    expect([tf32?.isAllowed(), process.env['NVIDIA_TF32_OVERRIDE']]).toEqual([true, undefined]);
    await other.dispose();
    await (await openSession()).dispose();
    expect(tf32?.isAllowed()).toBe(false);
  });

  it('runs traced TensorFlow.js code on variables and feeds', async () => {
    session.variable('w', [2, 2]);
    await session.assign([['w', Float32Array.of(1, 2, 3, 4)]]);
    const program = session.compile({
      name: 'affine',
      inputs: { x: { shape: [3, 2], dtype: 'float32' }, bytes: { shape: [3], dtype: 'uint8' } },
      build: ({ x, bytes }, scope) => {
        const y = tf.add(tf.matMul(x as tf.Tensor2D, scope.param('w') as tf.Tensor2D), 1);
        return {
          y,
          sum: tf.sum(y),
          half: tf.div(bytes, 2),
          i: tf.cast(y, 'int32'),
          large: tf.greater(y, 4),
        };
      },
    });
    const result = await program.run({
      x: Float32Array.of(1, 0, 0, 1, 1, 1),
      bytes: Uint8Array.of(1, 2, 255),
    });
    expect(result).toEqual({
      y: Float32Array.of(2, 3, 4, 5, 5, 7),
      sum: Float32Array.of(26),
      half: Float32Array.of(0.5, 1, 127.5),
      i: Int32Array.of(2, 3, 4, 5, 5, 7),
      large: Uint8Array.of(0, 0, 0, 1, 1, 1),
    });
  });

  it('releases a variable; declared again, it contains zeros', async () => {
    const x = Float32Array.of(1);
    const inputs = { x: { shape: [1], dtype: 'float32' } } as const;
    const build = (scope: Scope, x: tf.Tensor): tf.Tensor => tf.add(x, scope.param('passing'));
    session.variable('passing', [1], 'zeros');
    const reading = session.compile({
      name: 'reading',
      inputs,
      build: ({ x }, scope) => ({ y: build(scope, x) }),
    });
    const other = session.compile({ name: 'other', inputs, build: ({ x }) => ({ y: tf.neg(x) }) });
    await session.assign([['passing', Float32Array.of(5)]]);
    expect((await reading.run({ x }))['y']).toEqual(Float32Array.of(6));
    await session.releaseVariable('passing');
    await session.releaseVariable('passing');
    // A program that does not need it does not bring it back.
    await other.run({ x });
    await expect(reading.run({ x })).rejects.toThrow();
    session.variable('passing', [1], 'zeros');
    expect((await reading.run({ x }))['y']).toEqual(Float32Array.of(1));
  });

  it('times the operations of a run on request', async () => {
    const program = session.compile({
      name: 'profiled',
      inputs: { x: { shape: [64, 64], dtype: 'float32' } },
      build: ({ x }) => ({ y: tf.matMul(x, x) }),
    });
    const timings: OpTiming[] = [];
    const { y } = await program.run({ x: wave(64 * 64, 0.1) }, (all) => timings.push(...all));
    expect(y).toHaveLength(64 * 64);
    const product = timings.find(({ op }) => /^(_Mkl)?BatchMatMulV2$/.test(op));
    expect(product?.name).toMatch(/^profiled\//);
    expect(product?.duration).toBeGreaterThan(0);
    expect(Math.abs((product?.start ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('gathers by fed indices, with its gradient', async () => {
    session.variable('table', [3, 2]);
    await session.assign([['table', wave(6, 1)]]);
    const program = compileGradients(session, {
      name: 'gather',
      inputs: { ids: { shape: [4], dtype: 'int32' } },
      parameters: ['table'],
      loss: ({ ids }, scope) => ({
        loss: tf.sum(tf.gather(scope.param('table'), ids as tf.Tensor1D)),
      }),
    });
    const result = await program.run({ ids: Int32Array.of(2, 0, 2, 2) });
    expect(result['grad/table']).toEqual(Float32Array.of(1, 1, 0, 0, 3, 3));
  });

  it('assigns after all reads', async () => {
    session.variable('counter', []);
    await session.assign([['counter', Float32Array.of(5)]]);
    const program = session.compile({
      name: 'count',
      inputs: {},
      build: (_, scope) => {
        scope.assign('counter', tf.add(scope.param('counter'), 1));
        return { before: scope.param('counter'), twice: tf.mul(scope.param('counter'), 2) };
      },
    });
    expect(await program.run({})).toEqual({
      before: Float32Array.of(5),
      twice: Float32Array.of(10),
    });
    expect(await session.read('counter')).toEqual(Float32Array.of(6));
  });

  it('prepares a program before its variables have values, without running it', async () => {
    session.variable('later', []);
    session.variable('fresh', [3], 'zeros');
    const program = session.compile({
      name: 'prepared',
      inputs: { x: { shape: [], dtype: 'float32' } },
      build: ({ x }, scope) => {
        // The second one needs no input.
        scope.assign('later', tf.add(scope.param('later'), x));
        scope.assign('fresh', tf.add(scope.param('fresh'), 1));
        return { x };
      },
    });
    await program.prepare();
    await session.assign([['later', Float32Array.of(5)]]);
    await program.prepare();
    expect(await session.read('fresh')).toEqual(Float32Array.of(0, 0, 0));
    expect(await program.run({ x: 2 })).toEqual({ x: Float32Array.of(2) });
    await program.run({ x: 3 });
    expect(await session.read('later')).toEqual(Float32Array.of(10));
    expect(await session.read('fresh')).toEqual(Float32Array.of(2, 2, 2));
  });

  it('reads and assigns many variables in order', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `many.${i}`);
    for (const name of names) session.variable(name, [3]);
    await session.assign(names.map((name, i) => [name, Float32Array.of(i, i, i)]));
    const read: [string, Float32Array][] = [];
    for await (const entry of session.readAll(names)) read.push(entry);
    expect(read).toEqual(names.map((name, i) => [name, Float32Array.of(i, i, i)]));
  });

  it('runs programs one after the other, in the order of the calls', async () => {
    session.variable('log', []);
    await session.assign([['log', Float32Array.of(0)]]);
    // Each run appends a digit.
    const append = session.compile({
      name: 'append',
      inputs: { digit: { shape: [], dtype: 'float32' } },
      build: ({ digit }, scope) => {
        const value = tf.add(tf.mul(scope.param('log'), 10), digit);
        scope.assign('log', value);
        return { value };
      },
    });
    await Promise.all([1, 2, 3, 4, 5].map((digit) => append.run({ digit })));
    expect(await session.read('log')).toEqual(Float32Array.of(12345));
  });

  it('copies feeds immediately, so that the caller can reuse the array', async () => {
    const program = session.compile({
      name: 'copy',
      inputs: { x: { shape: [2], dtype: 'float32' } },
      build: ({ x }) => ({ y: tf.mul(x, 1) }),
    });
    const x = Float32Array.of(1, 2);
    const running = program.run({ x });
    x.fill(9);
    expect((await running)['y']).toEqual(Float32Array.of(1, 2));
  });

  it('does not block the event loop while it computes', async () => {
    const size = 1500;
    const program = session.compile({
      name: 'long',
      inputs: { x: { shape: [size, size], dtype: 'float32' } },
      build: ({ x }) => {
        let y = x as tf.Tensor2D;
        for (let i = 0; i < 6; i++) y = tf.mul(tf.matMul(y, x as tf.Tensor2D), 1 / size);
        return { y: tf.sum(y) };
      },
    });
    const feeds = { x: new Float32Array(size * size).fill(1) };
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await program.run(feeds);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it('does not use more memory after a thousand runs', async () => {
    const program = session.compile({
      name: 'steady',
      inputs: { x: { shape: [256, 256], dtype: 'float32' } },
      build: ({ x }) => ({ y: tf.add(x, 1) }),
    });
    const x = new Float32Array(256 * 256);
    const repeat = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await program.run({ x });
      // Results are garbage of JavaScript; what is asked about is native memory.
      (globalThis as { gc?: () => void }).gc?.();
    };
    await repeat(200);
    const before = process.memoryUsage();
    await repeat(1000);
    const after = process.memoryUsage();
    const native = (usage: NodeJS.MemoryUsage): number =>
      usage.rss - usage.arrayBuffers - usage.heapTotal;
    // 1000 leaked feeds or results would be 262 MB.
    expect((native(after) - native(before)) / 1e6).toBeLessThan(60);
  });

  describe('refuses, before anything runs,', () => {
    const compile = (build: (x: tf.Tensor) => tf.Tensor): Program =>
      session.compile({
        name: 'wrong',
        inputs: { x: { shape: [2, 3], dtype: 'float32' } },
        build: ({ x }) => ({ y: build(x) }),
      });

    it('reading a value', () => {
      expect(() => compile((x) => tf.scalar(x.dataSync()[0] ?? 0))).toThrow(TraceError);
      expect(() => compile((x) => tf.scalar(x.dataSync()[0] ?? 0))).toThrow(
        /was read while its computation was being traced/,
      );
    });
    it('an op that TensorFlow does not have', () => {
      expect(() => compile((x) => rawOp('NoSuchOp', [x]))).toThrow(/NoSuchOp/);
    });
    it('a kernel that was not registered', () => {
      const forward = (): Program => compile((x) => tf.engine().runKernel('NoSuchKernel', { x }));
      expect(forward).toThrow(/kernel NoSuchKernel/);
    });
    it('a gradient that does not exist', () => {
      session.variable('g', [2]);
      expect(() =>
        compileGradients(session, {
          name: 'no gradient',
          inputs: {},
          parameters: ['g'],
          loss: (_, scope) => ({
            loss: tf.sum(tf.topk(scope.param('g') as tf.Tensor1D, 1).values),
          }),
        }),
      ).toThrow(/TopK/);
    });
    it('shapes that do not fit, naming the op', () => {
      expect(() => compile((x) => rawOp('MatMul', [x, x], { T: { type: 1 } }))).toThrow(/MatMul/);
    });
    it('a tensor of another program', () => {
      let foreign: tf.Tensor | undefined;
      compile((x) => (foreign = tf.keep(tf.add(x, 1))));
      expect(() => compile((x) => tf.add(x, foreign as tf.Tensor))).toThrow(/outside the program/);
    });
    it('a tensor outside of any program', () => {
      expect(() => tf.add(tf.scalar(1), tf.scalar(2))).toThrow(/only while a program is traced/);
    });
    it('compiling inside compiling', () => {
      expect(() => compile((x) => (compile((y) => y), x))).toThrow(/while another is being traced/);
    });
    it('an unknown variable', () => {
      expect(() =>
        session.compile({
          name: 'unknown',
          inputs: {},
          build: (_, scope) => ({ y: scope.param('nowhere') }),
        }),
      ).toThrow(/no variable nowhere/);
    });
    it('works after an error', async () => {
      const { y } = await compile((x) => tf.add(x, 1)).run({ x: new Float32Array(6) });
      expect(y).toEqual(new Float32Array(6).fill(1));
    });
  });

  it('reports the input that is missing, unknown or wrong', async () => {
    const program = session.compile({
      name: 'typed',
      inputs: { x: { shape: [2], dtype: 'float32' }, k: { shape: [], dtype: 'int32' } },
      build: ({ x, k }) => ({ y: tf.mul(x, tf.cast(k, 'float32')) }),
    });
    const x = Float32Array.of(1, 2);
    await expect(program.run({ x })).rejects.toThrow(/value for input k/);
    await expect(program.run({ x, k: 1, z: 1 })).rejects.toThrow(/no input z/);
    await expect(program.run({ x: Int32Array.of(1, 2), k: 1 })).rejects.toThrow(/float32/);
    await expect(program.run({ x: Float32Array.of(1), k: 1 })).rejects.toThrow(/shape \[2\]/);
    expect((await program.run({ x, k: 3 }))['y']).toEqual(Float32Array.of(3, 6));
  });

  it('reports errors of TensorFlow with the name of the program', async () => {
    session.variable('rows', [3, 1]);
    await session.assign([['rows', new Float32Array(3)]]);
    const program = session.compile({
      name: 'lookup',
      inputs: { ids: { shape: [1], dtype: 'int32' } },
      build: ({ ids }, scope) => ({ y: tf.gather(scope.param('rows'), ids) }),
    });
    const failed = program.run({ ids: Int32Array.of(7) });
    await expect(failed).rejects.toThrow(RuntimeError);
    await expect(failed).rejects.toThrow(/lookup: .*7 is not in \[0, 3\)/s);
    expect((await program.run({ ids: Int32Array.of(1) }))['y']).toEqual(Float32Array.of(0));
  });

  it('waits for the current run when it is disposed, and refuses queued runs', async () => {
    const other = await openSession();
    const program = other.compile({
      name: 'last',
      inputs: { x: { shape: [400, 400], dtype: 'float32' } },
      build: ({ x }) => ({ y: tf.sum(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D)) }),
    });
    const x = new Float32Array(400 * 400).fill(1);
    await program.run({ x });
    const inFlight = program.run({ x });
    await Promise.resolve();
    await other.dispose();
    await inFlight.catch(() => undefined);
    await expect(program.run({ x })).rejects.toThrow(/disposed/);
    await other.dispose();
  });
});

describe('sums', () => {
  /** x's gradient by twelve uses of it, with `before` other nodes traced first. */
  async function gradientAfter(before: number): Promise<Float32Array> {
    const session = await openSession({ threads: 1 });
    session.variable('x', [64]);
    await session.assign([['x', wave(64, 0.7)]]);
    if (before > 0)
      session.compile({
        name: 'before',
        inputs: {},
        build: () => {
          let y: tf.Tensor = tf.ones([1]);
          for (let i = 0; i < before; i++) y = tf.add(y, y);
          return { y };
        },
      });
    const program = compileGradients(session, {
      name: 'uses',
      inputs: {},
      parameters: ['x'],
      loss: (_, scope) => {
        const x = scope.param('x');
        const uses = Array.from({ length: 12 }, (_, i) =>
          tf.sum(tf.sin(tf.mul(x, 0.3 + 1.7 ** i))),
        );
        return { loss: tf.addN(uses as tf.Scalar[]) };
      },
    });
    const { 'grad/x': gradient } = await program.run({});
    await session.dispose();
    return gradient as Float32Array;
  }

  it('are identical, whatever was traced in the session before', async () => {
    const alone = await gradientAfter(0);
    for (const before of [37, 930, 9890]) expect(await gradientAfter(before)).toEqual(alone);
  });
});
