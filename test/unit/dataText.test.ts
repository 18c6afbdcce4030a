import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanCaption, countWords, swapLeftRight } from '../../src/data/text/caption';
import { defaultTokenizer } from '../../src/data/text/tokenizer';

interface Row {
  sentence: string;
  pre_caption_40: string;
  blip_input_ids: number[];
  raw_input_ids: number[];
}
const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/tokenizer/expected.json'), 'utf8'),
) as {
  rows: Row[];
  pre_caption_50: [string, string][];
  swap: { sentence: string; draws: { images: string; sentence: string }[] }[];
};

describe('caption cleaning', () => {
  it.each(expected.rows)("equals BLIP's: $sentence", ({ sentence, pre_caption_40 }) => {
    expect(cleanCaption(sentence, 40)).toBe(pre_caption_40);
  });

  it.each(expected.pre_caption_50)('keeps 50 words: %s', (sentence, cleaned) => {
    expect(cleanCaption(sentence, 50)).toBe(cleaned);
  });

  it('counts words as it truncates them', () => {
    expect(countWords('')).toBe(0);
    expect(countWords(' . ')).toBe(0);
    expect(countWords('two dogs, left-most; sit')).toBe(4);
  });
});

describe('tokenizer', () => {
  const tokenizer = defaultTokenizer();

  it.each(expected.rows)("gives BLIP's ids: $sentence", (row) => {
    expect(tokenizer.encode(cleanCaption(row.sentence, 40))).toEqual(row.blip_input_ids);
  });

  // Uncleaned text; special tokens in a sentence cannot reach the model, cleaning makes them lower case.
  it.each(expected.rows.filter((row) => !row.sentence.includes('[MASK]')))(
    'splits uncleaned text as BERT: $sentence',
    ({ sentence, raw_input_ids }) => {
      expect(tokenizer.encode(sentence).slice(1)).toEqual(raw_input_ids.slice(1));
    },
  );

  it('truncates to the rows of the position embedding and keeps [SEP]', () => {
    const ids = tokenizer.encode('?'.repeat(1000), 64);
    expect(ids).toHaveLength(64);
    expect([ids[0], ids[63]]).toEqual([30523, 102]);
  });
});

describe('swapping left and right', () => {
  it.each([
    [
      'the dog on the left, not the right, is facing left',
      'the dog on the right, not the left, is facing right',
    ],
    ['the left-most dog', 'the right-most dog'],
    ["the left's dog / right?", "the right's dog / left?"],
    ['left', 'right'],
    ['right left right', 'left right left'],
    ['leftover rightmost uprights bright cleft', 'leftover rightmost uprights bright cleft'],
    ['left1 left_ gauche\u0301left leftü', 'left1 left_ gauche\u0301left leftü'],
    ['', ''],
  ])('%s', (before, after) => {
    expect(swapLeftRight(before)).toBe(after);
    expect(swapLeftRight(after)).toBe(before);
  });

  it("equals BLIP's where all its words stand between spaces", () => {
    const plain = expected.swap.filter(({ draws }) =>
      draws.every(({ sentence }) => !/(left|right)[^ ]/.test(sentence)),
    );
    expect(plain.length).toBeGreaterThan(5);
    for (const { sentence, draws } of plain)
      for (const draw of draws.filter(({ images }) => images === 'swapped'))
        expect(swapLeftRight(cleanCaption(sentence, 40))).toBe(draw.sentence);
  });
});
