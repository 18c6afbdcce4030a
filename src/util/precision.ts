/** How operands of matrix products are rounded; sums and weights are float32. `tf32` is a GPU's. */
export const precisions = ['fp32', 'tf32', 'bf16'] as const;
export type Precision = (typeof precisions)[number];

export function isPrecision(value: unknown): value is Precision {
  return (precisions as readonly unknown[]).includes(value);
}
