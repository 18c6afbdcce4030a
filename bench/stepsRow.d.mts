export interface StepTimes {
  step: number;
  evaluation: number;
  peakBytes: number;
}

export interface Flops {
  training: number;
  evaluation: number;
}

/** Computes one row of the table of steps: numbers by heading, or for torch.compile the reason why there is none. */
export function stepsRow(
  name: string,
  turns: {
    ours: readonly (StepTimes & { firstStep: number; flops: Flops })[];
    eager: readonly (StepTimes & { flops: Flops })[];
    compiled: readonly ((StepTimes & { compileSeconds: number }) | { error: string })[];
  },
  limits: readonly { threads: number; flops: number }[],
): Record<string, number | string>;
