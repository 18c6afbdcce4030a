/** AdamW with the arithmetic of torch.optim.AdamW. */
import type { OperationPointer, Output } from '../tensorflow/capi';
import { DType } from '../tensorflow/dtypes';
import type { Scope } from '../trace/program';
import { outputOf } from '../trace/tracer';

export interface AdamWOptions {
  /** Decoupled: parameters shrink by the factor 1 - lr · weightDecay. */
  weightDecay: number;
  beta1?: number;
  beta2?: number;
  eps?: number;
}

/** Session variables of a parameter's moments. */
export const momentNames = (parameter: string): [m: string, v: string] => [
  `optimizer.m/${parameter}`,
  `optimizer.v/${parameter}`,
];

const FLOAT = { T: { type: DType.float32 } } as const;
const ASSIGN = { dtype: { type: DType.float32 } } as const;

/**
 * Adds updates as in torch.optim.AdamW to the graph, with TensorFlow's fused ResourceApplyAdam.
 *
 * PyTorch: p -= lr · wd · p, then p -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε). The kernel computes
 * p -= lr' · m / (√v + ε') without its bias correction, so lr' and ε' carry it.
 */
export class AdamW {
  private readonly decay: Output | undefined;
  private readonly inputs: readonly Output[];

  constructor(
    { weightDecay, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: AdamWOptions,
    private readonly scope: Scope,
    lr: Output,
    step: Output,
    /** A boolean scalar: where it is false and the gradients are 0, weights and moments do not change. */
    applies?: Output,
  ) {
    const { trace } = scope;
    const { graph } = trace;
    const unless = (value: Output, skipped: number): Output =>
      applies ? trace.op('SelectV2', [applies, value, graph.scalar(skipped)], FLOAT) : value;
    // 1 - β^t without cancellation, for β as the kernel uses it: rounded to float32.
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
      unless(trace.op('Mul', [lr, scaled], FLOAT), 0),
      unless(graph.scalar(beta1), 1),
      unless(graph.scalar(beta2), 1),
      trace.op('Mul', [root2, graph.scalar(eps)], FLOAT),
    ];
    if (weightDecay !== 0) {
      const shrinkage = trace.op('Mul', [lr, graph.scalar(weightDecay)], FLOAT);
      this.decay = unless(trace.op('Sub', [graph.scalar(1), shrinkage], FLOAT), 1);
    }
  }

  /** Adds the update of a parameter and of its moments. */
  apply(parameter: string, gradient: Output): OperationPointer {
    const { scope, decay } = this;
    const { trace } = scope;
    const handle = scope.handle(parameter);
    const update = (): OperationPointer =>
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
    if (!decay) return update();
    // After the gradient: otherwise copies of all weights would be made at the beginning of the step, and kept.
    const assigned = trace.after([gradient.oper], () => {
      const shrunk = trace.op('Mul', [outputOf(scope.param(parameter)), decay], FLOAT);
      return trace.effect('AssignVariableOp', [handle, shrunk], ASSIGN);
    });
    return trace.after([assigned], update);
  }
}
