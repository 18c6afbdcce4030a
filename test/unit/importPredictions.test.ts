import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importPredictions, type ImportResult } from '../../src/analysis/import/importPredictions';
import { loadConfig } from '../../src/config/load';
import type { Prediction } from '../../src/run/predictions';
import { listSets } from '../../src/run/read/predictionSets';
import { readPredictions } from '../../src/run/read/readPredictions';
import { readRunInfo } from '../../src/run/read/migrate';
import { inEnglish } from '../../src/util/localize';
import { officialNlvr2 } from '../integration/cliSupport';
import { scratchFolder } from '../integration/tinyProject';

interface Annotation {
  identifier: string;
  sentence: string;
  label: string;
}
const data = join(import.meta.dirname, '..', 'data');
const dev = readFileSync(join(data, 'nlvr2', 'dev.json'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Annotation);
/** Predictions with mistakes: every seventh one is wrong. */
const answers = dev.map(({ identifier, label }, i) => ({
  identifier,
  prediction: (label === 'True') !== (i % 7 === 3),
}));
const examples = dev.length;

/** Imports a text as a file of predictions of NLVR2's first examples, into a folder of the test. */
async function importText(
  text: string | Buffer,
  options: {
    folder?: string;
    epoch?: number;
    overwrite?: boolean;
    annotations?: string;
    imageRoot?: string;
    /** Additional lines of the configuration. */
    more?: string;
  } = {},
): Promise<ImportResult & { predictions: Prediction[]; notes: string[]; faults: string[] }> {
  const folder = options.folder ?? scratchFolder();
  const config = join(folder, 'nlvr.yaml');
  const annotations = options.annotations ?? join(data, 'nlvr2', 'dev.json');
  writeFileSync(
    config,
    `image_root: ${options.imageRoot ?? 'images'}\nann_files: {train: '', val: '${annotations}', test: ''}\n${options.more ?? ''}`,
  );
  // The format is detected from the content, not from the name.
  const file = join(folder, 'answers.dat');
  writeFileSync(file, text);
  const result = await importPredictions({
    file,
    loaded: loadConfig(config),
    split: 'val',
    folder: join(folder, 'run'),
    name: 'theirs',
    epoch: options.epoch ?? null,
    overwrite: options.overwrite === true,
    version: '1.2.3',
  });
  const predictions: Prediction[] = [];
  const set = options.epoch === undefined ? 'val' : `val-epoch-00${options.epoch}`;
  for await (const batch of readPredictions(join(folder, 'run', 'predictions', `${set}.jsonl`)))
    predictions.push(...batch.predictions);
  return {
    ...result,
    predictions,
    notes: result.report.notes.map(({ message }) => message),
    faults: result.problems.map(
      ({ place, kind, reason }) => `${place} ${kind}: ${inEnglish(reason)}`,
    ),
  };
}

const official = answers.map(({ identifier, prediction }) => `${identifier},${prediction}`);
const spoken = (prediction: boolean): string => (prediction ? 'True' : 'False');

describe('a file of predictions becomes a run', () => {
  test("whose accuracy and consistency are the official script's, and which opens like any other", async () => {
    const folder = scratchFolder();
    const { report, predictions, notes } = await importText(official.join('\n'), { folder });
    expect(report).toMatchObject({ examples, rows: examples, matched: examples, missing: 0 });
    expect(report).toMatchObject({ unmatched: 0, doubled: 0, unusable: 0, joinedBy: 'identifier' });
    const { accuracy, consistency } = officialNlvr2(predictions);
    expect(report).toMatchObject({ accuracy, consistency });
    expect(notes).toEqual([]);
    expect(predictions.map(({ prediction }) => prediction)).toEqual(
      answers.map(({ prediction }) => prediction),
    );
    expect(predictions[0]).toMatchObject({
      identifier: 'dev-850-0-0',
      sentence: dev[0].sentence,
      label: false,
      group: 'beer bottle',
      prob_true: NaN,
      logits: [NaN, NaN],
    });
    // Relative to the image root, so that a placeholder can show the expected file in any location.
    expect(predictions[0].images[1]).toBe('dev/dev-850-0-img1.png');
    const run = join(folder, 'run');
    // Unknown values are omitted: JSON would write numbers that are not finite as null.
    expect(readFileSync(join(run, 'predictions', 'val.jsonl'), 'utf8')).not.toMatch(
      /null|prob_true/,
    );
    expect(await listSets(run)).toEqual([{ split: 'val', epoch: null }]);
    expect(await readRunInfo(run)).toMatchObject({
      name: 'theirs',
      kind: 'evaluate',
      state: 'finished',
      best: { accuracy, consistency },
    });
    const metrics = JSON.parse(readFileSync(join(run, 'metrics.json'), 'utf8')) as object;
    expect(metrics).toMatchObject({ val: { accuracy, consistency, loss: null } });
  });

  test.each([
    ['the official CSV with its header', `identifier,prediction\r\n${official.join('\r\n')}\r\n`],
    [
      'TSV with other names, columns and quotes',
      [
        'ID\tnote\tPred',
        ...answers.map((a, i) => `${a.identifier}\t"a ""b""\n${i}"\t${Number(a.prediction)}`),
      ].join('\n'),
    ],
    ['JSON Lines', answers.map((a) => JSON.stringify(a)).join('\n')],
    ['a JSON list on one line', JSON.stringify(answers)],
    [
      'a JSON object by identifier',
      JSON.stringify(Object.fromEntries(answers.map((a) => [a.identifier, a.prediction]))),
    ],
    [
      'labels alone',
      answers
        .map((a) => JSON.stringify({ identifier: a.identifier, label: spoken(a.prediction) }))
        .join('\n'),
    ],
    ['one answer a line, in annotation order', answers.map((a) => spoken(a.prediction)).join('\n')],
    [
      'a JSON list of answers in annotation order',
      JSON.stringify(answers.map((a) => Number(a.prediction))),
    ],
    [
      'images and sentences',
      [
        'left,right,sentence,prediction',
        ...answers.map((a, i) => {
          const pair = a.identifier.replace(/-\d+$/, '');
          return `D:\\data\\${pair}-img0.png,x/${pair}-img1.png,"${dev[i].sentence.replaceAll('"', '""')}",${a.prediction}`;
        }),
      ].join('\n'),
    ],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${official.join('\n')}`, 'utf16le')],
  ] as [string, string | Buffer][])('from %s', async (_, text) => {
    const { predictions, report } = await importText(text);
    expect(report.matched).toBe(examples);
    expect(predictions.map(({ prediction }) => prediction)).toEqual(
      answers.map(({ prediction }) => prediction),
    );
  });

  test('with probabilities from logits, probabilities, scores and log odds, the same for the same model', async () => {
    const odds = answers.map(({ prediction }, i) => (prediction ? 0.2 : -0.2) * (1 + (i % 5)));
    const p = odds.map((z) => 1 / (1 + Math.exp(-z)));
    const texts = {
      logits: answers
        .map(({ identifier }, i) => JSON.stringify({ identifier, logits: [1 - odds[i], 1] }))
        .join('\n'),
      columns: [
        'id,logit_false,logit_true',
        ...answers.map(({ identifier }, i) => `${identifier},${-odds[i] / 2},${odds[i] / 2}`),
      ].join('\n'),
      prob: ['id,prob_true', ...answers.map(({ identifier }, i) => `${identifier},${p[i]}`)].join(
        '\n',
      ),
      bare: answers.map(({ identifier }, i) => `${identifier},${p[i]}`).join('\n'),
      odds: [
        'id,score',
        ...answers.map(({ identifier }, i) => `${identifier},${odds[i] * 3}`),
      ].join('\n'),
      confidence: [
        'id,prediction,score',
        ...answers.map(
          ({ identifier, prediction }, i) =>
            `${identifier},${prediction},${prediction ? p[i] : 1 - p[i]}`,
        ),
      ].join('\n'),
    };
    for (const [name, text] of Object.entries(texts)) {
      const { predictions, notes } = await importText(text);
      predictions.forEach(({ prob_true, prediction, logits }, i) => {
        const expected = name === 'odds' ? 1 / (1 + Math.exp(-3 * odds[i])) : p[i];
        expect(prob_true, name).toBeCloseTo(expected, 12);
        expect(1 / (1 + Math.exp(logits[0] - logits[1])), name).toBeCloseTo(expected, 12);
        expect(prediction, name).toBe(answers[i].prediction);
      });
      const expectedNotes = {
        bare: 'probability of True',
        odds: 'log odds of True',
        confidence: 'probability of the prediction',
      };
      if (name in expectedNotes)
        expect(notes.join()).toContain(expectedNotes[name as keyof typeof expectedNotes]);
      else expect(notes).toEqual([]);
    }
  });

  test("from NLVR's official file, whose names are those of the drawings", async () => {
    const annotations = join(data, 'nlvr1', 'dev.json');
    const lines = readFileSync(annotations, 'utf8').split('\n').filter(Boolean);
    const rows = lines.flatMap((line) => {
      const { identifier } = JSON.parse(line) as Annotation;
      return [0, 1, 2, 3, 4, 5].map((k) => `dev-${identifier}-${k}.png,true`);
    });
    const { report } = await importText(rows.join('\n'), {
      annotations,
      imageRoot: join(data, 'nlvr1'),
    });
    expect(report).toMatchObject({ matched: 120, unmatched: 0, joinedBy: 'identifier' });
    const right = lines.filter((line) => (JSON.parse(line) as Annotation).label === 'true').length;
    expect(report.accuracy).toBeCloseTo(right / 20, 12);
  });
});

describe("BLIP's annotations, which have no identifiers", () => {
  const blip = dev.map(({ identifier, sentence, label }) => {
    const pair = identifier.replace(/-\d+$/, '');
    return { sentence, label, images: [`dev/${pair}-img0.png`, `dev/${pair}-img1.png`] };
  });
  const imported = (text: string) => {
    const annotations = join(scratchFolder(), 'nlvr_dev.json');
    writeFileSync(annotations, JSON.stringify(blip));
    return importText(text, { annotations });
  };

  test("take NLVR2's official file in annotation order when the image pairs confirm it", async () => {
    const { report, notes, predictions } = await imported(official.join('\n'));
    expect(report).toMatchObject({ matched: examples, joinedBy: 'confirmed order' });
    expect(notes.join()).toMatch(/image pairs in their identifiers confirm/);
    expect(predictions.map(({ prediction }) => prediction)).toEqual(
      answers.map(({ prediction }) => prediction),
    );
    const swapped = [official[1], official[0], ...official.slice(2)].join('\n');
    await expect(imported(swapped)).rejects.toThrow(
      /such as dev-850-2-0 there, such as dev-850-0#0/,
    );
  });
});

test('examples with missing images are imported even if a training would skip them', async () => {
  const { report } = await importText(official.join('\n'), { more: 'missing_images: skip\n' });
  expect(report).toMatchObject({ examples, matched: examples });
});

test('a split without labels is imported without metrics', async () => {
  const annotations = join(scratchFolder(), 'test2.json');
  writeFileSync(
    annotations,
    dev.map((each) => JSON.stringify({ ...each, label: undefined })).join('\n'),
  );
  const { report, predictions } = await importText(official.join('\n'), { annotations });
  expect(report).toMatchObject({ matched: examples, accuracy: null, consistency: null });
  expect(predictions[0].label).toBeNull();
});

describe('every assumption is reported', () => {
  test('rows without an example, doubled rows and rows without an answer are counted and listed', async () => {
    const text = [
      'identifier,prediction,prob_true',
      'dev-850-0-0,False,0.1',
      'dev-850-0-0,True,0.9',
      'dev-1-1-1,True,0.9',
      'dev-850-2-0,True,nan',
      'dev-850-3-0,perhaps,',
      'dev-850-1-0,True,',
      'dev-850-1-1,,',
    ].join('\n');
    const { report, faults, notes, predictions } = await importText(text);
    expect(report).toMatchObject({ rows: 7, matched: 2, unmatched: 1, doubled: 1, unusable: 3 });
    expect(report).toMatchObject({ missing: examples - 2, accuracy: 1 });
    expect(faults).toEqual([
      '3 doubled: dev-850-0-0 was already answered in line 2; that answer is used',
      '4 unmatched: no example is named dev-1-1-1',
      '5 unusable: prob_true is nan; expected a probability from 0 to 1',
      '6 unusable: prediction is perhaps; expected True or False',
      '8 unusable: it has no answer',
    ]);
    expect(notes).toEqual([
      `Accuracy and consistency cover part of the split: 2 of ${examples} examples have an answer.`,
    ]);
    expect(predictions.map(({ identifier }) => identifier)).toEqual(['dev-850-0-0', 'dev-850-1-0']);
    const listed = JSON.parse(readFileSync(report.report, 'utf8')) as {
      problems: { line: number; kind: string }[];
      missingExamples: string[];
    };
    expect(listed.problems.map(({ line }) => line)).toEqual([3, 4, 5, 6, 8]);
    expect(listed.missingExamples).toHaveLength(examples - 2);
  });

  test("NaN and Infinity as written by Python's json make a row unusable, not the file", async () => {
    const lines = [
      '{"identifier": "dev-850-0-0", "logits": [NaN, -Infinity]}',
      '{"identifier": "dev-850-2-0", "prob_true": NaN, "sentence": "a \\"NaN\\" b"}',
      '{"identifier": "dev-850-3-0", "prob_true": 0.25}',
    ];
    for (const text of [lines.join('\n'), `[${lines.join(',\n')}]`]) {
      const { report, faults } = await importText(text);
      expect(report).toMatchObject({ rows: 3, matched: 1, unusable: 2 });
      expect(faults[0]).toMatch(
        /^1 unusable: logits is \["NaN","-Infinity"\]; expected two finite/,
      );
    }
  });

  test('contradictions within the file and with the annotations are reported', async () => {
    const rows = answers.map(({ identifier, prediction }, i) => ({
      identifier,
      prediction,
      prob_true: i === 4 ? Number(!prediction) : prediction ? 0.8 : 0.2,
      label: i === 5 ? dev[i].label !== 'True' : dev[i].label,
    }));
    const { notes, predictions } = await importText(JSON.stringify(rows));
    expect(notes).toEqual([
      'Rows whose prediction is not the more probable answer: 1, first in element 5. The prediction is used.',
      `Rows whose label differs from the annotations: 1, such as ${dev[5].identifier}. The annotations are used.`,
    ]);
    expect(predictions[4].prediction).toBe(answers[4].prediction);
    expect(predictions[5].label).toBe(dev[5].label === 'True');
  });

  test.each([
    ['', /the file is empty/],
    ['\0\x01\x02', /is not a text file/],
    [Buffer.from([0x50, 0x4b, 3, 4, 0xff, 0xfe, 0x80]), /is not a text file/],
    ['[]', /contains no predictions/],
    [
      'identifier,predicted by\ndev-850-0-0,me',
      /no column has answers \(columns: identifier, predicted by\)/,
    ],
    ['pred,prediction,id\n1,1,dev-850-0-0', /two columns match prediction: pred, prediction/],
    ['dev-850-0-0,True,0.5', /3 columns without names/],
    ['id,prediction\ndev-850-0-0,True\ndev-850-2-0', /:3: expected 2 columns, found 1 column/],
    ['id,prediction\n"dev-850-0-0,True\n', /:2: a quoted field is not closed/],
    [
      '{"identifier":"dev-850-0-0","prediction":true}\n{"identifier"',
      /:2: the line is not valid JSON/,
    ],
    [
      '[{"identifier":"dev-850-0-0","prediction":true},\n{"identifier":}]',
      /:2: element 2 is not valid JSON/,
    ],
    ['True\nFalse', /2 rows without identifiers, but .*dev\.json has 36 examples/],
    ['test1-0-0-0,True', /identifiers such as test1-0-0-0 there, such as dev-850-0-0/],
    [
      'id,prediction\ndev-850-0-0,maybe',
      /No row of .* has a usable answer: line 2: prediction is maybe/,
    ],
    [
      'id,prediction,score\ndev-850-0-0,True,0.3\ndev-850-2-0,True,0.9',
      /score 0\.3 contradicts the prediction in line 2/,
    ],
    [
      dev
        .map(({ sentence }, i) =>
          JSON.stringify({ sentence: i === 9 ? 'x' : sentence, prediction: 1 }),
        )
        .join('\n'),
      /line 10 has another sentence/,
    ],
  ] as [string | Buffer, RegExp][])(
    'a file that cannot be used is refused with what is wrong: %#',
    async (text, message) => {
      await expect(importText(text)).rejects.toThrow(message);
    },
  );
});

describe('several imports', () => {
  test('into one folder are epochs of one run; the best is by validation accuracy', async () => {
    const folder = scratchFolder();
    const worse = dev.map(({ identifier }) => `${identifier},True`).join('\n');
    const first = await importText(official.join('\n'), { folder, epoch: 0 });
    await importText(worse, { folder, epoch: 1 });
    const run = join(folder, 'run');
    expect(await listSets(run)).toEqual([
      { split: 'val', epoch: 0 },
      { split: 'val', epoch: 1 },
    ]);
    expect((await readRunInfo(run))?.best).toMatchObject({
      epoch: 0,
      accuracy: first.report.accuracy,
    });
    const events = readFileSync(join(run, 'events.jsonl'), 'utf8');
    expect(
      [...events.matchAll(/"type":"eval","split":"val","epoch":(\d)/g)].map(([, e]) => e),
    ).toEqual(['0', '1']);
  });

  test('never replace predictions or another run without --overwrite', async () => {
    const folder = scratchFolder();
    await importText(official.join('\n'), { folder, epoch: 3 });
    const again = dev.map(({ identifier }) => `${identifier},True`).join('\n');
    await expect(importText(again, { folder, epoch: 3 })).rejects.toThrow(
      /already has predictions of val after epoch 3\. They were not changed/,
    );
    const { predictions } = await importText(again, { folder, epoch: 3, overwrite: true });
    expect(predictions.every(({ prediction }) => prediction)).toBe(true);

    const training = scratchFolder();
    mkdirSync(join(training, 'run', 'checkpoint_last'), { recursive: true });
    await expect(importText(again, { folder: training, overwrite: true })).rejects.toThrow(
      /already contains a run\. It was not changed/,
    );
  });
});
