import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { epochLine, evaluationLine } from '../../src/train/log';
import { pythonFixed } from '../../src/util/pythonFixed';

const table = JSON.parse(
  readFileSync(join(__dirname, '../fixtures/formatting/fourDecimals.json'), 'utf8'),
) as [number | string, string][];

const numbers: Record<string, number> = { nan: NaN, inf: Infinity, '-inf': -Infinity, '-0.0': -0 };

test('numbers are formatted as in Python, including exact ties', () => {
  const wrong = table
    .map(([value, python]) => {
      const number = typeof value === 'string' ? numbers[value] : value;
      return { value, python, ours: pythonFixed(number, 4) };
    })
    .filter(({ python, ours }) => python !== ours);
  expect(table.length).toBeGreaterThan(1400);
  expect(wrong).toEqual([]);
});

test("log.txt's lines round to the even digit", () => {
  expect(evaluationLine({ val: 0.53125, test: 0.59375 })).toBe(
    '{"val_acc": "0.5312", "test_acc": "0.5938"}\n',
  );
  expect(
    epochLine({
      trainLr: 0,
      trainLoss: 0.03125,
      valAccuracy: 0.09375,
      testAccuracy: null,
      epoch: 0,
    }),
  ).toBe(
    '{"train_lr": "0.0000", "train_loss": "0.0312", "val_acc": "0.0938", "test_acc": "nan", "epoch": 0}\n',
  );
});
