import { describe, expect, test } from 'vitest';
import type { Example } from '../../src/data/types';
import { crossEntropyOf, decide, measure, probabilityTrue } from '../../src/analysis/metrics';

function example(
  index: number,
  label: boolean | null,
  consistencyGroup: string | null,
  group: string | null = null,
): Example {
  return {
    index,
    identifier: `dev-${index}`,
    sentence: 's',
    images: ['l', 'r'],
    label,
    consistencyGroup,
    group,
    line: index + 1,
  };
}

/** NLVR2's eval/metrics.py, restated: a sentence counts when none of its predictions is wrong. */
function officialConsistency(rows: readonly { group: string; right: boolean }[]): number {
  const consistent = new Map<string, boolean>();
  for (const { group, right } of rows)
    if (!consistent.has(group) || !right) consistent.set(group, right);
  return [...consistent.values()].filter(Boolean).length / consistent.size;
}

describe('metrics', () => {
  test('accuracy and consistency agree with the official definition on random predictions', () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let round = 0; round < 50; round++) {
      const n = 1 + Math.floor(random() * 60);
      const examples = Array.from({ length: n }, (_, i) =>
        example(i, random() < 0.5, `s${Math.floor(random() * 12)}`),
      );
      const logits = Float32Array.from({ length: 2 * n }, () => random() * 4 - 2);
      const rows = examples.map(({ label, consistencyGroup }, i) => ({
        group: consistencyGroup ?? '',
        right: logits[2 * i + 1] > logits[2 * i] === label,
      }));
      const { accuracy, consistency } = measure(examples, logits);
      expect(accuracy).toBeCloseTo(rows.filter(({ right }) => right).length / n, 12);
      expect(consistency).toBeCloseTo(officialConsistency(rows), 12);
    }
  });

  test('unlabeled examples are predicted but not in the metrics', () => {
    const examples = [example(0, null, 'a'), example(1, true, 'a')];
    const metrics = measure(examples, Float32Array.of(5, -5, 0, 1));
    expect(metrics).toMatchObject({ accuracy: 1, consistency: 1, examples: 2 });
    expect(measure([example(0, null, null)], Float32Array.of(0, 1))).toMatchObject({
      accuracy: null,
      loss: null,
      consistency: null,
    });
  });

  test('accuracy by kind', () => {
    const examples = [
      example(0, true, null, 'count'),
      example(1, false, null, 'both'),
      example(2, true, null, 'count'),
    ];
    const { groups, consistency } = measure(examples, Float32Array.of(0, 1, 1, 0, 1, 0));
    expect(groups).toEqual([
      { name: 'count', examples: 2, accuracy: 0.5 },
      { name: 'both', examples: 1, accuracy: 1 },
    ]);
    expect(consistency).toBeNull();
  });

  test('a tie is "false", as argmax takes the first', () => {
    expect(decide([1, 1])).toBe(false);
    expect(decide([1, 1.0001])).toBe(true);
  });

  test('loss and probability are consistent and stay finite for large logits', () => {
    for (const logits of [
      [0.3, -1.2],
      [80, -80],
      [-700, 700],
    ] as [number, number][]) {
      expect(Math.exp(-crossEntropyOf(logits, true))).toBeCloseTo(probabilityTrue(logits), 10);
      expect(Number.isFinite(crossEntropyOf(logits, false))).toBe(true);
    }
    expect(crossEntropyOf([0, 0], true)).toBeCloseTo(Math.log(2), 12);
  });
});
