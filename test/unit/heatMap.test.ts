import { describe, expect, it } from 'vitest';
import { heatOverlay } from '../../src/data/image/heatOverlay';
import { defaultTokenizer } from '../../src/data/text/tokenizer';
import { usualLayer } from '../../src/model/attentionMaps';
import { findWords } from '../../src/train/predict/explanation';
import { heatColor, maxOfMaps, strongest } from '../../src/util/heatMap';

describe('a heat map', () => {
  it('has a description of its maximum, also if it is empty', () => {
    const map = (at: number) => Array.from({ length: 36 }, (_, i) => (i === at ? 2 : 1));
    expect(strongest(map(0), 6)).toEqual({ row: 0, column: 0, value: 2, place: 'upper left' });
    expect(strongest(map(14), 6)).toMatchObject({ row: 2, column: 2, place: 'center' });
    expect(strongest(map(35), 6)?.place).toBe('lower right');
    expect(strongest(map(17), 6)?.place).toBe('middle right');
    expect(strongest([0, 0, 0, 0], 2)).toBeNull();
    expect(maxOfMaps([map(0), [3]])).toBe(3);
  });

  it('has colors of increasing lightness', () => {
    const brightness = Array.from({ length: 101 }, (_, i) => {
      const [red, green, blue] = heatColor(i / 100);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    for (let i = 1; i < brightness.length; i++)
      expect(brightness[i]).toBeGreaterThanOrEqual(brightness[i - 1]);
    expect(heatColor(-1)).toEqual([0, 0, 4]);
    expect(heatColor(2)).toEqual([252, 255, 164]);
  });

  it('covers the whole image of any aspect ratio with the given opacity', () => {
    const image = { data: new Uint8Array(4 * 2 * 3).fill(100), width: 4, height: 2 };
    const bare = heatOverlay(image, [0, 1, 0, 1], 2, 1, 0);
    expect([...bare.data]).toEqual([...image.data]);
    const { data } = heatOverlay(image, [0, 1, 0, 1], 2, 1, 1);
    const pixel = (x: number) => [...data.subarray(3 * x, 3 * x + 3)];
    expect(pixel(0)).toEqual(heatColor(0));
    expect(pixel(1)).toEqual(heatColor(0.25));
    expect(pixel(3)).toEqual(heatColor(1));
    expect([...data.subarray(0, 12)]).toEqual([...data.subarray(12)]);
  });
});

describe('the words of a sentence', () => {
  const tokenizer = defaultTokenizer();

  it('have the positions of their word pieces', () => {
    const sentence = 'an image shows zippered pencils, with no zippered accessories';
    const words = tokenizer.words(sentence);
    expect(words.slice(2, 6)).toEqual([
      { word: 'shows', tokens: [3] },
      { word: 'zippered', tokens: [4, 5] },
      { word: 'pencils', tokens: [6, 7].slice(0, words[4].tokens.length) },
      { word: ',', tokens: [expect.any(Number)] },
    ]);
    // All positions except [ENC] and [SEP], once.
    expect(words.flatMap(({ tokens }) => tokens)).toEqual(
      Array.from({ length: tokenizer.encode(sentence).length - 2 }, (_, i) => i + 1),
    );
    // Words that `encode` truncates are omitted.
    expect(tokenizer.words(sentence, 6).map(({ word }) => word)).toEqual([
      ...['an', 'image', 'shows', 'zippered'],
    ]);
    expect(tokenizer.words(sentence, 6).at(-1)?.tokens).toEqual([4]);
  });

  it('are found anywhere, also several in a row', () => {
    const words = tokenizer.words('two dogs and two cats');
    expect(findWords(words, ['two']).map(({ place }) => place)).toEqual([0, 3]);
    expect(findWords(words, ['two', 'cats'])).toEqual([
      { place: 3, word: 'two cats', tokens: [4, 5] },
    ]);
    expect(findWords(words, ['bird'])).toEqual([]);
    expect(findWords(words, [])).toEqual([]);
  });
});

it('the eighth layer is shown, or the last but one of fewer', () => {
  expect([12, 8, 7, 2, 1].map(usualLayer)).toEqual([8, 8, 6, 1, 1]);
});
