/**
 * How operands of matrix products are rounded; weights are float32. `tf32` is a GPU's; `fp16` has products in float16,
 * too, and needs loss scaling in training.
 */
const precisions = ['fp32', 'tf32', 'bf16', 'fp16'] as const;
export type Precision = (typeof precisions)[number];

export function isPrecision(value: unknown): value is Precision {
  return (precisions as readonly unknown[]).includes(value);
}
