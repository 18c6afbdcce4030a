/**
 * Cross-entropy of one example in nats, the loss that training minimises.
 * @param logits [false, true]
 * @param label null for an unlabelled example, whose loss is NaN.
 */
export function crossEntropy(logits: readonly [number, number], label: boolean | null): number {
  if (label === null) return NaN;
  const [no, yes] = logits;
  const largest = Math.max(no, yes);
  const logSum = largest + Math.log(Math.exp(no - largest) + Math.exp(yes - largest));
  return logSum - (label ? yes : no);
}
