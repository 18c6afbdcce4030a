/**
 * Accuracy and consistency as NLVR's official scripts define them (nlvr/nlvr2/eval/metrics.py, nlvr/nlvr1/eval):
 * accuracy is the share of examples answered correctly, consistency the share of sentences (examples that
 * share an identifier but for the pair number) for which every example is answered correctly.
 */
import type { Example } from '../data/types';
import type { GroupAccuracy } from '../run/events';

/** Why consistency is null: no example has a label, or their identifiers do not say which share a sentence. */
export type ConsistencyReason = 'unlabelled' | 'no-identifiers';

export interface Metrics {
  /** 0..1 over labelled examples; null when none is labelled. */
  accuracy: number | null;
  /** 0..1 over groups; null where identifiers do not group. */
  consistency: number | null;
  /** Why there is no consistency; missing where there is. */
  consistencyReason?: ConsistencyReason;
  /** Mean cross-entropy in nats over labelled examples. */
  loss: number | null;
  examples: number;
  /** Accuracy by group, in order of first appearance. */
  groups: GroupAccuracy[];
}

/** Softmax probability of "true" from the logits of [false, true]. */
export function probabilityTrue(logits: readonly [number, number]): number {
  return 1 / (1 + Math.exp(logits[0] - logits[1]));
}

/** BLIP's decision: the larger logit; a tie is "false", as `argmax` takes the first. */
export function decide(logits: readonly [number, number]): boolean {
  return logits[1] > logits[0];
}

/** Cross-entropy in nats: log(1 + exp(other − own)), stable for large differences. */
export function crossEntropyOf(logits: readonly [number, number], label: boolean): number {
  const margin = label ? logits[0] - logits[1] : logits[1] - logits[0];
  return Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
}

/**
 * @param logits two numbers an example, [false, true], in the order of `examples`.
 */
export function measure(examples: readonly Example[], logits: Float32Array): Metrics {
  let correct = 0;
  let labelled = 0;
  let loss = 0;
  const sentences = new Map<string, boolean>();
  const groups = new Map<string, { examples: number; correct: number }>();
  examples.forEach((example, i) => {
    if (example.label === null) return;
    const pair: [number, number] = [logits[2 * i], logits[2 * i + 1]];
    const right = decide(pair) === example.label;
    labelled++;
    if (right) correct++;
    loss += crossEntropyOf(pair, example.label);
    if (example.consistencyGroup !== null)
      sentences.set(
        example.consistencyGroup,
        right && (sentences.get(example.consistencyGroup) ?? true),
      );
    if (example.group !== null) {
      const group = groups.get(example.group) ?? { examples: 0, correct: 0 };
      group.examples++;
      if (right) group.correct++;
      groups.set(example.group, group);
    }
  });
  const consistent = [...sentences.values()].filter(Boolean).length;
  return {
    accuracy: labelled === 0 ? null : correct / labelled,
    consistency: sentences.size === 0 ? null : consistent / sentences.size,
    ...(sentences.size === 0 && {
      consistencyReason: labelled === 0 ? ('unlabelled' as const) : ('no-identifiers' as const),
    }),
    loss: labelled === 0 ? null : loss / labelled,
    examples: examples.length,
    groups: [...groups].map(([name, g]) => ({
      name,
      examples: g.examples,
      accuracy: g.correct / g.examples,
    })),
  };
}
