/**
 * Precision of the operands of matrix products; weights are float32. `tf32` needs a GPU; with `fp16` the products are
 * float16, too, and training needs loss scaling.
 */
const precisions = ['fp32', 'tf32', 'bf16', 'fp16'] as const;
export type Precision = (typeof precisions)[number];

export function isPrecision(value: unknown): value is Precision {
  return (precisions as readonly unknown[]).includes(value);
}
