/**
 * Compiles optimizer steps: forward pass, backward pass, clipping and AdamW as one program.
 *
 * Moments are session variables named `optimizer.m/<parameter>` and `optimizer.v/<parameter>`, gradient
 * accumulators `optimizer.g/<parameter>`: read them to save a run, assign them to resume it exactly.
 */
import * as tf from '@tensorflow/tfjs';
import type { Output } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import type { Feeds, Inputs, InputSpec, Program, Scope, Values } from '../trace/program';
import { AdamW, momentNames, type AdamWOptions } from './adamW';
import { clockAfter, clockMs, elapsedMs } from '../distributed/clock';
import { Collectives, Packing } from '../distributed/collectives';
import { allReduceMean, type GradientReduction } from '../distributed/gradients';
import type { Session } from '../session';
import type { OpTiming } from '../tensorflow/stepStats';
import type { Trace } from '../trace/trace';
import { outputOf, tensorOf } from '../trace/tracer';

export interface LossResult {
  loss: tf.Tensor;
  outputs?: Record<string, tf.Tensor>;
  /** Returned as their sums over all ranks: float32, of the same shapes on each. */
  summed?: Record<string, tf.Tensor>;
}

export interface LossSpec {
  name: string;
  inputs: Record<string, InputSpec>;
  /** Variables to differentiate by. */
  parameters: readonly string[];
  /** The scalar to minimize, and further outputs of the program. */
  loss: (inputs: Inputs, scope: Scope) => LossResult;
  /** Parameters that the loss may be independent of; they are not changed. */
  withoutGradient?: readonly string[];
}

export interface OptimizerStepSpec extends LossSpec {
  optimizer: AdamWOptions;
  /** Gradients are scaled down to this global norm, as by torch.nn.utils.clip_grad_norm_; 0: not at all. */
  gradClip: number;
  /** Micro-batches per optimizer step. */
  accumulateSteps: number;
  /** How gradients are averaged over the ranks. */
  reduction?: GradientReduction;
  /**
   * For fp16: the loss is multiplied by the feed `loss_scale`, and the gradients are divided by it before their norm is
   * computed. If the norm is not finite, the step changes nothing.
   */
  lossScaling?: boolean;
}

/** Output with the time at which this rank's gradients existed. */
const GRADIENTS_AT = 'gradients_at';
const accumulatorName = (parameter: string): string => `optimizer.g/${parameter}`;

/** A compiled optimizer step. */
export interface OptimizerStep {
  /**
   * Runs an optimizer step. With accumulation: the last micro-batch of the step.
   *
   * @param feeds the inputs, `lr`, `step`: the optimizer step's number from 1, for bias correction, and with loss scaling
   *   `loss_scale`
   * @param onProfile receives the duration of every operation
   * @returns this rank's `loss` and outputs; the sums over all ranks of the loss function's `summed`; and `grad_norm`, the
   *   norm of the mean gradient of all ranks before clipping. With loss scaling, a step whose norm is not finite does not
   *   change weights and moments. With several ranks also `own_ms`: milliseconds until this rank's gradients existed, without
   *   waiting for others; not for the first run, in which TensorFlow prepares the program
   */
  run(feeds: Feeds, onProfile?: (timings: OpTiming[]) => void): Promise<Values>;
  /**
   * Runs a micro-batch before the last one: adds its gradients, divided by accumulateSteps, to those of the step. With loss
   * scaling all micro-batches of a step have the same `loss_scale`.
   *
   * Ranks do not communicate in it: gradients are averaged over the ranks once per step.
   *
   * @returns `loss` and the loss function's outputs
   */
  accumulate(feeds: Feeds): Promise<Values>;
}

/**
 * Adds a loss and its gradients with respect to all parameters of the spec.
 * @throws TraceError naming parameters that the loss does not depend on
 */
function differentiate(
  spec: LossSpec,
  inputs: Inputs,
  scope: Scope,
  lossScale?: tf.Tensor,
): Required<LossResult> & { gradients: Map<string, tf.Tensor> } {
  const { parameters, withoutGradient = [] } = spec;
  const values = parameters.map((name) => scope.param(name));
  let outputs: Record<string, tf.Tensor> = {};
  let summed: Record<string, tf.Tensor> = {};
  // tf.keep: TensorFlow.js would dispose of these tensors at the end of `gradients`.
  const keep = (tensors: Record<string, tf.Tensor> = {}): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tensor)]));
  const { value, grads } = tf.engine().gradients(
    () => {
      const result = spec.loss(inputs, scope);
      if (result.loss.rank !== 0)
        throw new TraceError(
          `the loss must be a scalar, its shape is [${result.loss.shape.join(', ')}]`,
        );
      outputs = keep(result.outputs);
      summed = keep(result.summed);
      return result.loss;
    },
    values,
    lossScale,
    true,
  );
  const gradients = new Map<string, tf.Tensor>();
  const missing: string[] = [];
  parameters.forEach((name, i) => {
    const gradient = grads[i] as tf.Tensor | undefined;
    if (gradient) gradients.set(name, gradient);
    else if (!withoutGradient.includes(name)) missing.push(name);
  });
  if (missing.length > 0)
    throw new TraceError(
      `the loss does not depend on ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ` and ${missing.length - 8} more` : ''}: ` +
        'no gradient reaches them',
    );
  return { loss: value, outputs, summed, gradients };
}

/** Compiles a program that returns the loss, its outputs and all gradients, as `grad/<parameter>`, for tests. */
export function compileGradients(session: Session, spec: LossSpec): Program {
  return session.compile({
    name: spec.name,
    inputs: spec.inputs,
    build: (inputs, scope) => {
      const { loss, outputs, gradients } = differentiate(spec, inputs, scope);
      return {
        loss,
        ...outputs,
        ...Object.fromEntries([...gradients].map(([name, g]) => [`grad/${name}`, g])),
      };
    },
  });
}

/**
 * Compiles an optimizer step of AdamW.
 *
 * Steps with different input shapes may be compiled for the same parameters; they share moments and accumulators.
 */
export function compileOptimizerStep(session: Session, spec: OptimizerStepSpec): OptimizerStep {
  for (const parameter of spec.parameters) {
    const shape = session.shapeOf(parameter);
    for (const name of momentNames(parameter)) session.variable(name, shape, 'zeros');
    if (spec.accumulateSteps > 1) session.variable(accumulatorName(parameter), shape, 'zeros');
  }
  for (const name of ['lr', 'step', 'loss_scale'])
    if (name in spec.inputs) throw new TraceError(`${name} is the training step's own input`);
  const scalar: InputSpec = { shape: [], dtype: 'float32' };
  const shared = { ...spec.inputs, ...(spec.lossScaling && { loss_scale: scalar }) };
  const step = session.compile({
    name: spec.name,
    inputs: { ...shared, lr: scalar, step: scalar },
    build: ({ lr, step, loss_scale: scale, ...inputs }, scope) => {
      const { loss, outputs, summed, gradients } = differentiate(spec, inputs, scope, scale);
      const gradNorm = applyGradients(spec, scope, gradients, { lr, step, scale });
      const sums = sumOverRanks(scope, summed);
      const own = [...gradients.values()].map((gradient) => outputOf(gradient).oper);
      return {
        loss,
        ...outputs,
        ...sums,
        grad_norm: gradNorm,
        ...(scope.rankSpec.worldSize > 1 && {
          [GRADIENTS_AT]: tensorOf(clockAfter(scope.trace, own)),
        }),
      };
    },
  });
  let accumulation: Program | undefined;
  let prepared = false;
  return {
    run: async (feeds, onProfile) => {
      const began = clockMs();
      const { [GRADIENTS_AT]: at, ...values } = await step.run(feeds, onProfile);
      const measured = at !== undefined && prepared;
      prepared = true;
      return measured ? { ...values, own_ms: Float32Array.of(elapsedMs(began, at[0])) } : values;
    },
    accumulate: (feeds) => {
      if (spec.accumulateSteps <= 1)
        throw new TraceError(`${spec.name} was compiled without gradient accumulation`);
      accumulation ??= session.compile({
        name: `${spec.name} (accumulate)`,
        inputs: shared,
        build: (inputs, scope) => accumulate(spec, inputs, scope),
      });
      return accumulation.run(feeds);
    },
  };
}

const FLOAT = { T: { type: DType.float32 } } as const;

const ASSIGN = { dtype: { type: DType.float32 } } as const;

/** Adds a micro-batch: accumulators += gradients / accumulateSteps. */
function accumulate(
  spec: OptimizerStepSpec,
  { loss_scale: scale, ...inputs }: Inputs,
  scope: Scope,
): Record<string, tf.Tensor> {
  const { trace } = scope;
  const { loss, outputs, gradients } = differentiate(spec, inputs, scope, scale);
  const share = trace.graph.scalar(1 / spec.accumulateSteps);
  for (const [name, gradient] of gradients) {
    const value = trace.op('Mul', [outputOf(gradient), share], FLOAT);
    const accumulator = scope.handle(accumulatorName(name));
    scope.effect(() => trace.effect('AssignAddVariableOp', [accumulator, value], ASSIGN));
  }
  return { loss, ...outputs };
}

/** Sums values over all ranks, in one message. */
function sumOverRanks(
  { trace, rankSpec }: Scope,
  values: Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const entries = Object.entries(values);
  if (entries.length === 0 || rankSpec.worldSize === 1) return values;
  const packing = new Packing(
    trace,
    entries.map(([, value]) => value.shape),
  );
  const packed = packing.pack(entries.map(([, value]) => outputOf(value)));
  const sum = new Collectives(trace, rankSpec).allReduce(packed, {
    name: `sums/${packing.length}`,
    runsOn: 'host',
  });
  const sums = packing.unpack(sum);
  return Object.fromEntries(entries.map(([name], i) => [name, tensorOf(sums[i])]));
}

/**
 * Averages the gradients over the ranks, clips them and applies them, in this order, as with DistributedDataParallel.
 * @returns their global norm before clipping
 */
function applyGradients(
  spec: OptimizerStepSpec,
  scope: Scope,
  gradients: Map<string, tf.Tensor>,
  { lr, step, scale }: { lr: tf.Tensor; step: tf.Tensor; scale?: tf.Tensor },
): tf.Tensor {
  const { trace } = scope;
  const own = new Map<string, Output>();
  for (const [name, gradient] of gradients)
    own.set(
      name,
      spec.accumulateSteps > 1
        ? addAccumulated(spec, scope, name, outputOf(gradient))
        : outputOf(gradient),
    );
  const totals = allReduceMean(trace, scope.rankSpec, own, spec.reduction ?? { precision: 'fp32' });
  if (scale) {
    // After the all-reduce, whose result is the same on all ranks: so they agree on whether it is finite.
    const inverse = trace.op('Reciprocal', [outputOf(scale)], FLOAT);
    for (const [name, total] of totals) totals.set(name, trace.op('Mul', [total, inverse], FLOAT));
  }
  const norm = globalNorm(scope, [...totals.values()]);
  const finite = scale && trace.op('IsFinite', [norm], FLOAT);
  const factor = gradientFactor(spec, trace, norm, finite);
  // MulNoNan: 0 times infinity is 0, so that the gradients of a skipped step do not reach the moments.
  const multiply = finite ? 'MulNoNan' : 'Mul';
  if (factor)
    for (const [name, total] of totals)
      totals.set(name, trace.op(multiply, [total, factor], FLOAT));
  const adamW = new AdamW(spec.optimizer, scope, outputOf(lr), outputOf(step), finite);
  for (const [name, total] of totals) scope.effect(() => adamW.apply(name, total));
  return tensorOf(norm);
}

/**
 * The factor of the gradients: for clipping, and 0 in a step that is skipped.
 * @param finite whether the gradients are finite; undefined without loss scaling
 * @returns undefined where the gradients are used as they are
 */
function gradientFactor(
  spec: OptimizerStepSpec,
  trace: Trace,
  norm: Output,
  finite: Output | undefined,
): Output | undefined {
  const one = trace.graph.scalar(1);
  let factor: Output | undefined;
  if (spec.gradClip > 0) {
    // torch.nn.utils.clip_grad_norm_: min(1, max_norm / (norm + 1e-6))
    const enlarged = trace.op('AddV2', [norm, trace.graph.scalar(1e-6)], FLOAT);
    const ratio = trace.op('RealDiv', [trace.graph.scalar(spec.gradClip), enlarged], FLOAT);
    factor = trace.op('Minimum', [ratio, one], FLOAT);
  }
  if (!finite) return factor;
  return trace.op('SelectV2', [finite, factor ?? one, trace.graph.scalar(0)], FLOAT);
}

/** Adds the accumulated gradient to that of the last micro-batch, and resets the accumulator. */
function addAccumulated(
  spec: OptimizerStepSpec,
  scope: Scope,
  name: string,
  gradient: Output,
): Output {
  const { trace } = scope;
  const share = trace.op('Mul', [gradient, trace.graph.scalar(1 / spec.accumulateSteps)], FLOAT);
  const sum = outputOf(scope.param(accumulatorName(name)));
  const total = trace.op('AddV2', [sum, share], FLOAT);
  scope.effect(() =>
    trace.effect(
      'AssignVariableOp',
      [scope.handle(accumulatorName(name)), trace.op('ZerosLike', [total], FLOAT)],
      ASSIGN,
    ),
  );
  return total;
}

/** Square root of the sum of all squares. */
function globalNorm({ trace }: Scope, gradients: readonly Output[]): Output {
  // L2Loss is half the sum of squares.
  const halves = gradients.map((gradient) => trace.op('L2Loss', [gradient], FLOAT));
  const stacked = trace.op('Pack', [halves], FLOAT);
  const sum = trace.op('Sum', [stacked, trace.graph.scalar(0, DType.int32)], FLOAT);
  return trace.op('Sqrt', [trace.op('Mul', [sum, trace.graph.scalar(2)], FLOAT)], FLOAT);
}
