/**
 * Training steps: forward, backward, clipping and AdamW as one program.
 *
 * Moments are session variables named `optimizer.m/<parameter>` and `optimizer.v/<parameter>`, gradient
 * accumulators `optimizer.g/<parameter>`: read them to save a run, assign them to resume it exactly.
 */
import * as tf from '@tensorflow/tfjs';
import type { OperationPointer, Output } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import { TraceError } from '../errors';
import type { Feeds, Inputs, InputSpec, Program, Scope, Values } from '../trace/program';
import { clockAfter, clockMs, elapsedMs } from '../replica/clock';
import { Collectives, Packing } from '../replica/collectives';
import { allReduceMean, type GradientReduction } from '../replica/gradients';
import type { Session } from '../session';
import type { OpTiming } from '../tensorflow/stepStats';
import { outputOf, tensorOf } from '../trace/tracer';

export interface AdamWOptions {
  /** Decoupled: parameters shrink by the factor 1 - lr · weightDecay. */
  weightDecay: number;
  beta1?: number;
  beta2?: number;
  eps?: number;
}

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
  /** The scalar to minimise, and whatever else the program shall return. */
  loss: (inputs: Inputs, scope: Scope) => LossResult;
  /** Parameters that this loss need not reach; they are left as they are. */
  withoutGradient?: readonly string[];
}

export interface TrainingSpec extends LossSpec {
  optimizer: AdamWOptions;
  /** Gradients are scaled down to this global norm, as by torch.nn.utils.clip_grad_norm_; 0: not at all. */
  gradClip: number;
  /** Micro-batches per optimizer step. */
  accumulateSteps: number;
  /** How gradients are averaged over the ranks. */
  reduction?: GradientReduction;
}

export const momentNames = (parameter: string): [m: string, v: string] => [
  `optimizer.m/${parameter}`,
  `optimizer.v/${parameter}`,
];
/** Output with the time at which a rank's own gradients existed. */
const GRADIENTS_AT = 'gradients_at';
const accumulatorName = (parameter: string): string => `optimizer.g/${parameter}`;

/** A compiled optimizer step. */
export interface TrainingStep {
  /**
   * One optimizer step. With accumulation: the last micro-batch of the step.
   *
   * @param feeds the inputs, `lr`, and `step`: the optimizer step's number from 1, for bias correction
   * @param onProfile has every operation timed and takes the timings
   * @returns this rank's `loss` and outputs, the sums over all ranks of what the loss function has summed, and
   *   `grad_norm`, the norm of the mean gradient of all ranks before clipping. With several ranks also `own_ms`:
   *   milliseconds until this rank's gradients existed, without waiting for others; not of the first run, in which
   *   TensorFlow prepares the program
   */
  run(feeds: Feeds, onProfile?: (timings: OpTiming[]) => void): Promise<Values>;
  /**
   * A micro-batch before the last: adds its gradients, divided by accumulateSteps, to those of the step.
   *
   * It stays on this rank: gradients are averaged over the ranks once a step.
   *
   * @returns `loss` and the loss function's outputs
   */
  accumulate(feeds: Feeds): Promise<Values>;
}

/** Adds a loss and its gradients to the program being recorded. Every named parameter is differentiated. */
function differentiate(
  spec: LossSpec,
  inputs: Inputs,
  scope: Scope,
): Required<LossResult> & { gradients: Map<string, tf.Tensor> } {
  const { parameters, withoutGradient = [] } = spec;
  const values = parameters.map((name) => scope.param(name));
  let outputs: Record<string, tf.Tensor> = {};
  let summed: Record<string, tf.Tensor> = {};
  // They outlive TensorFlow.js's scope of the gradients.
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
    undefined,
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

/**
 * A program that returns the loss, its outputs and all gradients, as `grad/<parameter>`; it changes nothing.
 * For tests and for looking into a model.
 */
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
 * Compiles an AdamW step with the semantics of torch.optim.AdamW.
 *
 * Steps of several input signatures may be compiled for the same parameters; they share moments and
 * accumulators.
 */
export function compileTrainingStep(session: Session, spec: TrainingSpec): TrainingStep {
  for (const parameter of spec.parameters) {
    const shape = session.shapeOf(parameter);
    for (const name of momentNames(parameter)) session.variable(name, shape, 'zeros');
    if (spec.accumulateSteps > 1) session.variable(accumulatorName(parameter), shape, 'zeros');
  }
  for (const name of ['lr', 'step'])
    if (name in spec.inputs) throw new TraceError(`${name} is the training step's own input`);
  const scalar: InputSpec = { shape: [], dtype: 'float32' };
  const step = session.compile({
    name: spec.name,
    inputs: { ...spec.inputs, lr: scalar, step: scalar },
    build: ({ lr, step, ...inputs }, scope) => {
      const { loss, outputs, summed, gradients } = differentiate(spec, inputs, scope);
      const gradNorm = update(spec, scope, gradients, lr, step);
      const sums = sumOverRanks(scope, summed);
      const own = [...gradients.values()].map((gradient) => outputOf(gradient).oper);
      return {
        loss,
        ...outputs,
        ...sums,
        grad_norm: gradNorm,
        ...(scope.replica.worldSize > 1 && {
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
        inputs: spec.inputs,
        build: (inputs, scope) => accumulate(spec, inputs, scope),
      });
      return accumulation.run(feeds);
    },
  };
}

const FLOAT = { T: { type: DType.float32 } } as const;

const ASSIGN = { dtype: { type: DType.float32 } } as const;

/** One micro-batch: accumulators += gradients / accumulateSteps. */
function accumulate(spec: TrainingSpec, inputs: Inputs, scope: Scope): Record<string, tf.Tensor> {
  const { trace } = scope;
  const { loss, outputs, gradients } = differentiate(spec, inputs, scope);
  const share = trace.graph.scalar(1 / spec.accumulateSteps);
  for (const [name, gradient] of gradients) {
    const value = trace.op('Mul', [outputOf(gradient), share], FLOAT);
    const accumulator = scope.handle(accumulatorName(name));
    scope.effect(() => trace.effect('AssignAddVariableOp', [accumulator, value], ASSIGN));
  }
  return { loss, ...outputs };
}

/** The sums of some values over all ranks, in one message. */
function sumOverRanks(
  { trace, replica }: Scope,
  values: Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const entries = Object.entries(values);
  if (entries.length === 0 || replica.worldSize === 1) return values;
  const packing = new Packing(
    trace,
    entries.map(([, value]) => value.shape),
  );
  const packed = packing.pack(entries.map(([, value]) => outputOf(value)));
  const sum = new Collectives(trace, replica).allReduce(packed, {
    name: `sums/${packing.length}`,
    place: 'host',
  });
  const sums = packing.unpack(sum);
  return Object.fromEntries(entries.map(([name], i) => [name, tensorOf(sums[i])]));
}

/**
 * Averages the gradients over the ranks, clips and applies them, in the order of DistributedDataParallel.
 * @returns their global norm before clipping
 */
function update(
  spec: TrainingSpec,
  scope: Scope,
  gradients: Map<string, tf.Tensor>,
  lr: tf.Tensor,
  step: tf.Tensor,
): tf.Tensor {
  const { trace } = scope;
  const own = new Map<string, Output>();
  for (const [name, gradient] of gradients)
    own.set(
      name,
      spec.accumulateSteps > 1
        ? withAccumulated(spec, scope, name, outputOf(gradient))
        : outputOf(gradient),
    );
  const totals = allReduceMean(trace, scope.replica, own, spec.reduction ?? { precision: 'fp32' });
  const norm = globalNorm(scope, [...totals.values()]);
  if (spec.gradClip > 0) {
    // torch.nn.utils.clip_grad_norm_: min(1, max_norm / (norm + 1e-6))
    const one = trace.graph.scalar(1);
    const enlarged = trace.op('AddV2', [norm, trace.graph.scalar(1e-6)], FLOAT);
    const ratio = trace.op('RealDiv', [trace.graph.scalar(spec.gradClip), enlarged], FLOAT);
    const factor = trace.op('Minimum', [ratio, one], FLOAT);
    for (const [name, total] of totals) totals.set(name, trace.op('Mul', [total, factor], FLOAT));
  }
  const adamW = new AdamW(spec.optimizer, scope, outputOf(lr), outputOf(step));
  for (const [name, total] of totals) scope.effect(() => adamW.apply(name, total));
  return tensorOf(norm);
}

/** The step's gradient from the accumulator and the last micro-batch; the accumulator is emptied. */
function withAccumulated(spec: TrainingSpec, scope: Scope, name: string, gradient: Output): Output {
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
  const together = trace.op('Pack', [halves], FLOAT);
  const sum = trace.op('Sum', [together, trace.graph.scalar(0, DType.int32)], FLOAT);
  return trace.op('Sqrt', [trace.op('Mul', [sum, trace.graph.scalar(2)], FLOAT)], FLOAT);
}

/**
 * torch.optim.AdamW by TensorFlow's fused ResourceApplyAdam.
 *
 * PyTorch: p -= lr · wd · p, then p -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε). The kernel computes
 * p -= lr' · m / (√v + ε') without its bias correction, so lr' and ε' carry it.
 */
class AdamW {
  private readonly decay: Output | undefined;
  private readonly inputs: readonly Output[];

  constructor(
    { weightDecay, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: AdamWOptions,
    private readonly scope: Scope,
    lr: Output,
    step: Output,
  ) {
    const { trace } = scope;
    const { graph } = trace;
    // 1 - β^t for the β that the kernel has, which is the float32 next to the given one, without cancellation.
    const correction = (beta: number): Output => {
      const exponent = trace.op('Mul', [step, graph.scalar(Math.log(Math.fround(beta)))], FLOAT);
      return trace.op('Neg', [trace.op('Expm1', [exponent], FLOAT)], FLOAT);
    };
    const root2 = trace.op('Sqrt', [correction(beta2)], FLOAT);
    const scaled = trace.op('RealDiv', [root2, correction(beta1)], FLOAT);
    const zero = graph.scalar(0);
    this.inputs = [
      zero,
      zero,
      trace.op('Mul', [lr, scaled], FLOAT),
      graph.scalar(beta1),
      graph.scalar(beta2),
      trace.op('Mul', [root2, graph.scalar(eps)], FLOAT),
    ];
    if (weightDecay !== 0) {
      const loss = trace.op('Mul', [lr, graph.scalar(weightDecay)], FLOAT);
      this.decay = trace.op('Sub', [graph.scalar(1), loss], FLOAT);
    }
  }

  apply(parameter: string, gradient: Output): OperationPointer {
    const { scope, decay } = this;
    const { trace } = scope;
    const handle = scope.handle(parameter);
    const record = (): OperationPointer =>
      trace.effect(
        'ResourceApplyAdam',
        [
          handle,
          ...momentNames(parameter).map((name) => scope.handle(name)),
          ...this.inputs,
          gradient,
        ],
        FLOAT,
      );
    if (!decay) return record();
    // Behind the gradient, or the copies of all weights would be made, and held, from the step's beginning.
    const assigned = trace.after([gradient.oper], () => {
      const shrunk = trace.op('Mul', [outputOf(scope.param(parameter)), decay], FLOAT);
      return trace.effect('AssignVariableOp', [handle, shrunk], ASSIGN);
    });
    return trace.after([assigned], record);
  }
}
