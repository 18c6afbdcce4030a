import { describe, expect, it } from 'vitest';
import { csvText, exportLines } from '../../src/extension/failures/exportRows';
import type { Prediction } from '../../src/run/predictions';
import type { ExampleNote, ExportFormat } from '../../src/webview/failures/messages';

const example: Prediction = {
  identifier: 'dev-850-0-0',
  index: 7,
  split: 'val',
  sentence: 'Two dogs, one "asleep".',
  images: ['/data/dev-850-0-img0.png', '/data/dev-850-0-img1.png'],
  label: true,
  prediction: false,
  prob_true: 0.25,
  logits: [2, 0],
  group: 'dog',
};

function text(format: ExportFormat, rows: Partial<Prediction>[], note?: ExampleNote): string {
  return [
    ...exportLines(format, rows.length, (i) => ({ prediction: { ...example, ...rows[i] }, note })),
  ].join('');
}

describe('exporting rows', () => {
  it('as CSV with a heading, quoted where needed', () => {
    expect(text('csv', [{}], { marked: true, note: 'odd', tags: ['blurred', 'two dogs'] })).toBe(
      'identifier,index,split,sentence,left_image,right_image,label,prediction,prob_true,loss,logit_false,logit_true,group,marked,note,tags\n' +
        'dev-850-0-0,7,val,"Two dogs, one ""asleep"".",/data/dev-850-0-img0.png,/data/dev-850-0-img1.png,' +
        'True,False,0.25,2.1269280110429727,2,0,dog,true,odd,"blurred; two dogs"\n',
    );
  });

  it('as CSV without a label or finite outputs, leaves those cells empty', () => {
    expect(
      text('csv', [{ label: null, prob_true: NaN, logits: [NaN, NaN], group: undefined }]).split(
        '\n',
      )[1],
    ).toMatch(/png,,False,,,,,,,,$/);
  });

  it.each(['=1+1', '+cmd', '-2', '@SUM(A1)', '\tx', '\rx'])(
    'as CSV, %j is not a formula for a spreadsheet',
    (cell) => {
      expect(csvText(cell)).toBe(`"'${cell}"`);
    },
  );

  it('negative numbers stay numbers', () => {
    expect(text('csv', [{ logits: [-1.5, 0] }])).toContain(',-1.5,0,dog');
  });

  it('as JSON lines with loss and note', () => {
    const lines = text('jsonl', [{}, { index: 8 }], { marked: false, note: 'odd' })
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      ...example,
      index: 8,
      loss: 2.1269280110429727,
      marked: false,
      note: 'odd',
      tags: [],
    });
  });

  it('as the official NLVR2 prediction file: no heading, no quotes', () => {
    expect(text('nlvr2', [{}, { identifier: 'dev-850-1-0', prediction: true }])).toBe(
      'dev-850-0-0,False\ndev-850-1-0,True\n',
    );
    expect(() => text('nlvr2', [{ identifier: 'a,b' }])).toThrow(/no quoting/);
  });

  it('as the official NLVR prediction file, named by the left drawing', () => {
    const rows = [
      {
        identifier: '72-0-3',
        images: ['/x/dev-72-0-3.png', '/x/dev-72-0-4.png'] as [string, string],
      },
    ];
    expect(text('nlvr1', rows)).toBe('dev-72-0-3.png,false\n');
    expect(() => text('nlvr1', [{}])).toThrow(/not an identifier of the NLVR data set/);
  });

  it('in pieces, so that a hundred thousand rows do not block', () => {
    const pieces = [
      ...exportLines('nlvr2', 1201, () => ({ prediction: example, note: undefined })),
    ];
    expect(pieces.length).toBe(3);
    expect(pieces.join('').split('\n')).toHaveLength(1202);
  });
});
