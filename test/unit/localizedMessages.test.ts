import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { report } from '../../src/cli/report';
import { definition } from '../../src/config/definition';
import { parseConfig } from '../../src/config/parse';
import { checkContents } from '../../src/data/check/contents';
import { DataError } from '../../src/data/dataError';
import { serializeError, deserializeError } from '../../src/data/loader/batchTask';
import { describe as describeKey } from '../../src/extension/configuration/hover';
import { fieldInfos } from '../../src/extension/configuration/fieldInfo';
import { HistoryLog } from '../../src/extension/dashboard/historyLog';
import { parseCheckReport } from '../../src/extension/dataset/checkReport';
import { commandError, jsonErrorEnvironment } from '../../src/extension/trainer/commandError';
import { findNode } from '../../src/extension/trainer/findNode';
import { Messenger, type MessageHandlers } from '../../src/extension/webview/messenger';
import { EventReader } from '../../src/run/read/eventReader';
import { migrateRunInfo, readRunInfo } from '../../src/run/read/migrate';
import { RunFolder } from '../../src/run/runFolder';
import { RunWriter } from '../../src/run/record/runWriter';
import { HealthMonitor } from '../../src/train/health';
import { diskError } from '../../src/util/diskError';
import {
  localized,
  localizedAdvice,
  localizedMessage,
  localizedError,
  setTranslator,
} from '../../src/util/language';
import {
  inEnglish,
  storedMessage,
  localize,
  parseLocalizedMessage,
  formatMessage,
  formatStoredMessage,
  joinSentences,
  type Translate,
} from '../../src/util/localize';
import { UserError, messageOf, messageTextOf } from '../../src/util/userError';
import type { FailuresContract } from '../../src/webview/failures/messages';

const bundle = JSON.parse(readFileSync('l10n/bundle.l10n.zh-cn.json', 'utf8')) as Record<
  string,
  string
>;
/** `vscode.l10n.t` of an editor in Chinese. */
const chinese: Translate = (text, ...values) =>
  (bundle[text] ?? text).replace(/\{(\d+)\}/g, (_, index: string) => values[Number(index)] ?? '');

afterEach(() => setTranslator(undefined));

describe('a phrase', () => {
  const named = localize('`{0}`: {1} does not exist.', 'a', 'b{0}');

  it('is formatted in English, and values are not templates', () => {
    expect(inEnglish(named)).toBe('`a`: b{0} does not exist.');
    expect(inEnglish('x {0}')).toBe('x {0}');
  });

  it('is formatted in another language, including nested messages and lists', () => {
    const words = localize('`{0}` is {1}: it must be {2}.', 'vit', localize('empty'), [
      'a',
      'b',
      3,
    ]);
    expect(inEnglish(words)).toBe('`vit` is empty: it must be a, b, 3.');
    expect(formatMessage(words, chinese)).toBe('`vit` 的值是 空：应为 a、b、3。');
    expect(formatMessage(joinSentences('A.', 'B.'), chinese)).toBe('A.B.');
  });

  it('can be stored in a file, and invalid ones are rejected', () => {
    const parsed: unknown = JSON.parse(JSON.stringify(storedMessage(named)));
    expect(parsed).toEqual({ message: '`a`: b{0} does not exist.', phrase: named });
    expect(parseLocalizedMessage((parsed as { phrase: unknown }).phrase)).toEqual(named);
    expect(storedMessage('as it is')).toEqual({ message: 'as it is' });
    for (const other of [null, 'x', { text: 'x' }, { text: 1, values: [] }])
      expect(parseLocalizedMessage(other)).toBeUndefined();
    expect(
      parseLocalizedMessage({ text: 'x', values: [{ text: 'y', values: [null] }] }),
    ).toBeUndefined();
    expect(parseLocalizedMessage({ text: 'x', values: [['y', 1, named]] })).toBeDefined();
  });
});

describe('an error', () => {
  const error = new UserError(localize('`{0}`: {1} does not exist.', 'a', 'b'), {
    hint: localize('Fix it in the text editor first.'),
  });

  it('is English in logs, and can be embedded in other messages', () => {
    setTranslator(chinese);
    expect(messageOf(error)).toBe('`a`: b does not exist.');
    expect(error.hint).toBe('Fix it in the text editor first.');
    expect(inEnglish(localize('{0}: {1}', 'x', messageTextOf(error)))).toBe(
      'x: `a`: b does not exist.',
    );
    expect(messageTextOf(new Error('plain'))).toBe('plain');
  });

  it('is shown in the language of the interface', () => {
    expect(localizedError(error)).toEqual({
      message: '`a`: b does not exist.',
      hint: 'Fix it in the text editor first.',
    });
    setTranslator(chinese);
    expect(localizedError(error)).toEqual({
      message: '`a`：b 不存在。',
      hint: '请先在文本编辑器中修正。',
    });
    expect(localizedError(new Error('plain'))).toEqual({ message: 'plain', hint: null });
    expect(localized(localize('none'))).toBe('无');
    expect(localizedMessage({ message: 'of an older version' })).toBe('of an older version');
  });
});

describe('a configuration in Chinese', () => {
  const problemsOf = (text: string): string[] =>
    parseConfig(text).problems.map((problem) => formatStoredMessage(problem, chinese));

  it.each([
    ['init_rl: 1\n', '`init_rl` 不是配置的键。是否想写 `init_lr`？'],
    ['image_size: x\n', '`image_size` 的值是 "x"：应为整数，范围是 16 到 1024。'],
    ['image_size: 5\n', '`image_size` 的值是 5：应为 16 到 1024。'],
    ['precision: fp64\n', '`precision` 的值是 "fp64"：应为 fp32、tf32、bf16、fp16 或 auto。'],
    ['ann_files: [1]\n', '`ann_files` 的值是 列表：应为含有 `train`、`val`、`test` 的映射。'],
    ['image_size: 100\n', '`image_size` 为 100：必须是图块边长 16 的倍数。'],
    ['seed: 1\nseed: 2\n', '`seed` 设置了两次；第一次在第 1 行。'],
    ['a: "x\n', '缺少结尾的双引号。'],
    ['a: @x\n', '不加引号的值不能以保留字符 @ 开头。'],
    ['a: !!x 1\n', 'Unknown scalar tag !<tag:yaml.org,2002:x>.'],
    ['a:\n\tb: 1\n', 'YAML 不允许用制表符缩进，请使用空格。'],
  ])('%j', (text, words) => {
    expect(problemsOf(text)).toContain(words);
  });

  it('has its keys explained with their values', () => {
    expect(describeKey('warmup_steps', definition.warmup_steps, chinese)).toContain(
      '- 值: 0 或更大\n',
    );
    const infos = fieldInfos(chinese);
    const range = (key: string): string | undefined =>
      infos.find((info) => info.key === key)?.rangeText;
    expect(range('image_size')).toBe('16 到 1024');
    expect(range('pretrained')).toBe('文件或 https 地址，或留空');
    expect(infos.find(({ key }) => key === 'pretrained')?.defaultText).toBe('无');
  });
});

describe('a failure of the host in Chinese', () => {
  it('reaches the page of a panel', async () => {
    setTranslator(chinese);
    const answers: unknown[] = [];
    let ask: (frame: unknown) => void = () => undefined;
    new Messenger<FailuresContract>(
      {
        postMessage: (frame) => Promise.resolve(answers.push(frame) > 0),
        onDidReceiveMessage: (listener) => {
          ask = listener;
          return { dispose: () => undefined };
        },
      },
      {
        ready: () => undefined,
        message: () => undefined,
        requests: {
          copy: () => {
            throw diskError(Object.assign(new Error('full'), { code: 'ENOSPC' }), 'a.csv');
          },
        } as unknown as MessageHandlers<FailuresContract>['requests'],
        failed: (error) => expect(messageOf(error)).toMatch(/^The disk is full: a\.csv /),
      },
    );
    ask({ frame: 'request', id: 1, name: 'copy' });
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(answers[0]).toMatchObject({
      failure: {
        message: '磁盘已满：无法写入 a.csv。已有文件未受影响。',
        hint: '请释放一些空间或选择其他磁盘，然后重试。训练可以继续。',
      },
    });
  });

  it('is shown for a setting', async () => {
    setTranslator(chinese);
    const search = findNode({ configured: '/nothing/node', path: '', execPath: '' });
    expect(localizedError(await search.catch((error: unknown) => error))).toMatchObject({
      message: expect.stringMatching(/^nlvr\.nodePath（.*）不是可运行的 Node\.js：/) as string,
      hint: '请改正该设置，或将其清空以自动查找。',
    });
  });
});

describe('a command that failed', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('is parsed by the editor and readable on a terminal', () => {
    const output: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => output.push(String(text)) > 0);
    const error = new UserError(localize('{0} is a file.', '/s'), {
      hint: localize('Specify a folder for the sample.'),
    });
    report(error, false);
    for (const [name, value] of Object.entries(jsonErrorEnvironment)) vi.stubEnv(name, value);
    report(error, false);
    expect(output[0]).toBe('nlvr: /s is a file. Specify a folder for the sample.\n');
    setTranslator(chinese);
    expect(localizedError(commandError(`drawing\n${output[1]}`, ''))).toEqual({
      message: '/s 是一个文件。',
      hint: '请为示例指定一个文件夹。',
    });
  });

  it('is shown as printed if it cannot be parsed', () => {
    setTranslator(chinese);
    const shown = (stderr: string): string =>
      localizedError(commandError(stderr, localize('The data check ended without a report.')))
        .message;
    expect(shown('nlvr: no\n')).toBe('nlvr: no');
    expect(shown('{"broken\n')).toBe('{"broken');
    expect(shown('\n')).toBe('数据检查结束，但没有给出报告。');
  });
});

describe('a problem of the data in Chinese', () => {
  it('reaches the editor with the report of the check', () => {
    const problems = checkContents(
      {
        split: 'train',
        format: 'blip',
        imageRoot: '/images',
        file: '/a.json',
        examples: [1, 2].map((line) => ({
          index: line - 1,
          identifier: `e${line}`,
          sentence: 'One dog.',
          images: ['/l.png', '/r.png'],
          label: true,
          consistencyGroup: null,
          group: null,
          line,
        })),
      },
      40,
    );
    const sent = JSON.stringify({ problems, splits: {} });
    const report = parseCheckReport(sent, '');
    expect(report.problems.map(({ message }) => message)).toContain(
      '1 example repeats an earlier one: e2, as line 1 (line 2).',
    );
    setTranslator(chinese);
    expect(report.problems.map(localizedMessage)).toContain(
      '1 个样例与前面的重复：e2，与第 1 行相同（第 2 行）。',
    );
    expect(report.problems.map(localizedMessage)).toContain('train 划分的标签全部为 True。');
  });

  it('keeps its message between threads', () => {
    const error = new DataError(localize('the image is missing'), { file: '/a.png' });
    const arrived = deserializeError(structuredClone(serializeError(error)));
    setTranslator(chinese);
    expect(localizedError(arrived).message).toBe('/a.png：图像缺失');
    expect(messageOf(arrived)).toBe('/a.png: the image is missing');
  });
});

describe('a run in Chinese', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nlvr-phrases-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  const ended = (how: (writer: RunWriter) => void): RunFolder => {
    const writer = RunWriter.open({
      root,
      kind: 'train',
      configFile: '/nlvr.yaml',
      configHash: 'hash',
      configText: 'seed: 1\n',
      version: '0',
      mode: 'new',
    });
    how(writer);
    return new RunFolder(root);
  };

  it('shows its notes in Chinese, and stores them in English', async () => {
    const [note] = new HealthMonitor({
      pretrained: true,
      missingKeys: 0,
      numWorkers: 2,
      processors: 8,
      imagesKept: false,
      majorityShare: 0.5,
    }).afterEpoch({ milliseconds: 2000, waited: 1000, waitedFirst: 0 });
    const folder = ended((writer) => {
      writer.note(note.level, note.code, note.message, note.hint);
      writer.note('info', 'older', 'Of an older trainer.');
      writer.close('finished');
    });
    expect(readFileSync(folder.events, 'utf8')).toContain(
      '"message":"Training waited for images 50% of the time."',
    );
    setTranslator(chinese);
    const history = new HistoryLog();
    for (const { event, step } of (await new EventReader(folder.events).read()).events)
      history.push(event, step, 0);
    expect(history.summarize(0, 0).notes.map(({ message, hint }) => [message, hint])).toEqual([
      ['训练有 50% 的时间在等待图像。', '请调大 num_workers（现为 2），或启用 cache_images。'],
      ['Of an older trainer.', undefined],
    ]);
  });

  it('explains in Chinese why it failed', async () => {
    const failure = new UserError(
      localize('The disk of {0} is full: {1} could not be downloaded.', '/d', 'https://a/b'),
      { hint: localize('Lower batch_size_train.') },
    );
    const folder = ended((writer) => writer.close('failed', failure.messageText, failure.hintText));
    const info = await readRunInfo(root);
    if (info === undefined) throw new Error('no run');
    expect(localizedAdvice(info)).toEqual({ message: failure.message, hint: failure.hint });
    setTranslator(chinese);
    expect(localizedAdvice(info)).toEqual({
      message: '/d 所在磁盘已满：无法下载 https://a/b。',
      hint: '请调小 batch_size_train。',
    });
    const parsed = JSON.parse(readFileSync(folder.runJson, 'utf8')) as object;
    const older = migrateRunInfo({ ...parsed, phrase: 'damaged', hintPhrase: undefined }, root);
    expect(localizedAdvice(older)).toEqual({ message: failure.message, hint: failure.hint });
  });
});
