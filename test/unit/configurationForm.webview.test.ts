import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyEdit, type TextEdit } from '../../src/config/edit';
import { definition } from '../../src/config/definition';
import { parseConfig } from '../../src/config/parse';
import { fieldInfos } from '../../src/extension/configuration/fieldInfo';
import type { Translate } from '../../src/extension/configuration/fixes';
import { parseTypedValue } from '../../src/extension/configuration/formEdits';
import { FormSession } from '../../src/extension/configuration/formSession';
import { TrainingPlanBuilder } from '../../src/extension/configuration/trainingPlan';
import { lookUp } from '../../src/extension/configuration/lookup';
import { matches } from '../../src/webview/config/filter';
import { FormModel } from '../../src/webview/config/formModel';
import type {
  ConfigContract,
  Insights,
  ToHost,
  ToWebview,
} from '../../src/webview/config/messages';
import type { HostFrame, Params, RequestName, Result } from '../../src/webview/shared/messages';

const t: Translate = (text, ...values) =>
  text.replace(/\{(\d+)\}/g, (_, index: string) => values[Number(index)] ?? '');

/** A document with a form, connected as in VS Code, without VS Code. */
class Form {
  text: string;
  version = 1;
  readonly history: string[] = [];
  readonly errors: string[] = [];
  readonly openedLines: (number | undefined)[] = [];
  picked: string | undefined;
  refuse = false;
  diskFails = false;
  /** The setting `nlvr.processesPerNode`. */
  processes: number | 'auto' = 1;
  /** Milliseconds that an edit takes. */
  applyMs = 0;
  /** Whether the page does not answer. */
  isUnresponsive = false;
  readonly model: FormModel;
  readonly session: FormSession;
  private toHost: ((frame: unknown) => void) | undefined;
  private readonly pending = new Map<number, (frame: HostFrame) => void>();
  private lastId = 0;

  constructor(text: string, folder: string) {
    this.text = text;
    this.session = new FormSession(
      {
        postMessage: (frame) => {
          this.toPage(frame as HostFrame);
          return Promise.resolve(true);
        },
        onDidReceiveMessage: (listener) => {
          this.toHost = listener;
          return { dispose: () => undefined };
        },
      },
      {
        fileName: 'nlvr.yaml',
        folder,
        text: () => this.text,
        version: () => this.version,
        apply: async (edit) => {
          await new Promise((resolve) => setTimeout(resolve, this.applyMs));
          return this.apply(edit);
        },
        browse: () => Promise.resolve(this.picked),
        openText: (line) => this.openedLines.push(line),
        log: (error) => this.errors.push(String(error)),
      },
      new TrainingPlanBuilder(t, () => this.processes),
      (path) => (this.diskFails ? Promise.reject(new Error('no disk')) : lookUp(path)),
      t,
    );
    this.model = new FormModel(
      {
        send: (message: ToHost) => this.toHost?.({ frame: 'message', message }),
        request: <N extends RequestName<ConfigContract>>(
          name: N,
          params: Params<ConfigContract, N>,
        ) => this.request(name, params) as Promise<Result<ConfigContract, N>>,
      },
      () => undefined,
    );
    this.toHost?.({ frame: 'ready' });
  }

  /** Edits the text outside of the form. */
  write(text: string): void {
    this.history.push(this.text);
    this.text = text;
    this.version++;
    this.session.changed();
  }

  undo(): void {
    const before = this.history.pop();
    if (before === undefined) throw new Error('nothing to undo');
    this.text = before;
    this.version++;
    this.session.changed();
  }

  dispose(): void {
    this.session.dispose();
  }

  private apply(edit: TextEdit): boolean {
    if (this.refuse) return false;
    this.write(applyEdit(this.text, edit));
    return true;
  }

  private request(name: string, params: unknown): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, (frame) => {
        if (frame.frame === 'result') resolve(frame.result);
        else if (frame.frame === 'failure') reject(new Error(frame.failure.message));
      });
      this.toHost?.({ frame: 'request', id, name, params });
    });
  }

  private toPage(frame: HostFrame): void {
    if (this.isUnresponsive) return;
    if (frame.frame === 'message') this.model.receive(frame.message as ToWebview);
    else if (frame.frame !== 'pong') this.pending.get(frame.id)?.(frame);
  }
}

const yaml = `# first
init_lr: 3e-4 # hot
vit: tiny

seed: 1
`;

describe('the form', () => {
  let folder: string;
  let form: Form;
  const open = async (text: string): Promise<void> => {
    form = new Form(text, folder);
    await vi.waitFor(() => expect(form.model.state).toBeDefined());
  };
  const shows = (key: string): string | undefined => form.model.field(key)?.text;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nlvr-form-'));
    mkdirSync(join(folder, 'annotation'));
    for (const split of ['train', 'dev', 'test'])
      writeFileSync(join(folder, `annotation/nlvr_${split}.json`), '[{},{},{}]');
  });
  afterEach(() => {
    form.dispose();
    rmSync(folder, { recursive: true });
  });

  it('shows every key, in the groups of the definition', async () => {
    await open('');
    expect(form.model.fields.map(({ key }) => key)).toEqual(Object.keys(definition));
    expect(form.model.groups).toEqual([
      'Data',
      'Model',
      'Optimization',
      'Hardware',
      'Run',
      'Advanced',
    ]);
    const advanced = form.model.fields.filter(({ group }) => group === 'Advanced');
    expect(advanced.map(({ key }) => key)).toEqual([
      'init_std',
      'curriculum',
      'feature_cache',
      'watch_pairs',
    ]);
    for (const info of form.model.fields) {
      expect(form.model.groups).toContain(info.group);
      for (const each of [info, ...(info.fields ?? [])])
        expect(form.model.field(each.key), each.key).toMatchObject({
          written: false,
          changed: false,
          problems: [],
        });
    }
  });

  it('writes only what is selected or typed', async () => {
    await open(yaml);
    form.model.choose('vit', 'small');
    await vi.waitFor(() => expect(form.text).toBe(yaml.replace('tiny', 'small')));
    form.model.focus('init_lr');
    form.model.type('init_lr', '0.001');
    form.model.commit('init_lr');
    await vi.waitFor(() => expect(form.text).toContain('init_lr: 0.001 # hot'));
    form.model.reset('init_lr');
    await vi.waitFor(() => expect(form.text).toBe('# first\nvit: small\n\nseed: 1\n'));
    await vi.waitFor(() => expect(shows('init_lr')).toBe('3e-5'));
    expect(form.model.field('init_lr')).toMatchObject({ written: false, changed: false });
    expect(form.errors).toEqual([]);
  });

  it('writes rapid edits one after the other, each based on the previous text', async () => {
    await open('');
    for (let i = 0; i < 5; i++) form.model.choose('seed', String(i));
    form.model.choose('max_epoch', '3');
    form.model.choose('xla', 'true');
    await vi.waitFor(() => expect(parseConfig(form.text).config.xla).toBe(true));
    expect(parseConfig(form.text).config).toMatchObject({ seed: 4, max_epoch: 3 });
    expect(parseConfig(form.text).problems).toEqual([]);
  });

  it('writes automatically after a pause, and keeps the typed text under the cursor', async () => {
    await open(yaml);
    form.model.focus('init_lr');
    form.model.type('init_lr', '0.00005');
    expect(shows('init_lr')).toBe('0.00005');
    expect(form.text).toBe(yaml);
    await vi.waitFor(() => expect(form.text).toContain('init_lr: 5e-5 # hot'), { timeout: 3000 });
    await vi.waitFor(() => expect(form.model.state?.version).toBe(form.version));
    expect(shows('init_lr')).toBe('0.00005');
    form.model.blur('init_lr');
    expect(shows('init_lr')).toBe('5e-5');
  });

  it('writes typed text before the file is saved', async () => {
    await open(yaml);
    form.applyMs = 20;
    form.model.focus('seed');
    form.model.type('seed', '9');
    form.model.type('max_epoch', '3');
    expect(form.text).toBe(yaml);
    await form.session.flush();
    expect(parseConfig(form.text).config).toMatchObject({ seed: 9, max_epoch: 3 });
    // Without typed text, saving changes nothing and does not wait for the pause of the page.
    const { version } = form;
    await form.session.flush();
    expect(form.version).toBe(version);
  });

  it('does not delay a save for a page that is closed, silent or refused', async () => {
    await open(yaml);
    form.model.type('seed', '9');
    form.refuse = true;
    await form.session.flush();
    form.isUnresponsive = true;
    await form.session.flush();
    const waiting = form.session.flush();
    form.session.hidden();
    // Immediately, not after the timeout for a silent page.
    expect(await withinTurns(waiting)).toBe(true);
    expect(await withinTurns(form.session.flush())).toBe(true);
    expect(form.text).toBe(yaml);
  });

  it('follows undo and edits of the text, also in a field with the focus', async () => {
    await open(yaml);
    form.model.focus('seed');
    form.model.type('seed', '9');
    form.model.commit('seed');
    await vi.waitFor(() => expect(form.model.state?.fields.seed?.text).toBe('9'));
    form.undo();
    await vi.waitFor(() => expect(shows('seed')).toBe('1'));
    form.write(yaml.replace('seed: 1', 'seed: 77'));
    await vi.waitFor(() => expect(shows('seed')).toBe('77'));
  });

  it('keeps typed text while another key changes in the file', async () => {
    await open(yaml);
    form.model.focus('seed');
    form.model.type('seed', '12');
    form.write(yaml.replace('tiny', 'large'));
    await vi.waitFor(() => expect(shows('vit')).toBe('large'));
    expect(shows('seed')).toBe('12');
    form.model.cancel('seed');
    expect(shows('seed')).toBe('1');
    expect(form.text).toContain('seed: 1');
  });

  it('shows a problem while typing, with the text of the Problems view, before anything is written', async () => {
    await open(yaml);
    form.model.focus('init_lr');
    form.model.type('init_lr', '30');
    const words = '`init_lr` is 30: it must be from 0 to 10.';
    await vi.waitFor(() =>
      expect(form.model.field('init_lr')?.problems.map(({ message }) => message)).toEqual([words]),
    );
    expect(form.text).toBe(yaml);
    form.model.commit('init_lr');
    await vi.waitFor(() => expect(form.model.field('init_lr')?.problems[0]?.line).toBe(2));
    expect(parseConfig(form.text).problems.map(({ message }) => message)).toEqual([words]);
    const fix = form.model.field('init_lr')?.problems[0]?.fixes[0];
    expect(fix?.title).toBe('Change to 10');
    form.model.fix(fix?.index ?? -1);
    await vi.waitFor(() => expect(form.text).toBe(yaml.replace('3e-4', '10')));
  });

  it('shows an invalid value as it is in the file', async () => {
    await open('init_lr: "hot"\nvit: Bse\nmax_epoch: [1]\n');
    expect(shows('init_lr')).toBe('hot');
    expect(shows('vit')).toBe('Bse');
    expect(shows('max_epoch')).toBe('[1]');
    expect(form.model.field('init_lr')).toMatchObject({ written: true, changed: true });
  });

  it('shows a selection immediately, and reverts it if it is refused', async () => {
    await open(yaml);
    form.model.choose('xla', 'true');
    expect(shows('xla')).toBe('true');
    await vi.waitFor(() => expect(form.model.state?.fields.xla?.text).toBe('true'));
    form.undo();
    await vi.waitFor(() => expect(shows('xla')).toBe('false'));
    form.refuse = true;
    form.model.choose('xla', 'true');
    expect(shows('xla')).toBe('true');
    await vi.waitFor(() => expect(shows('xla')).toBe('false'));
  });

  it('expands a named size into its fields and collapses it again', async () => {
    await open(yaml);
    form.model.expand('vit');
    await vi.waitFor(() =>
      expect(form.text).toContain(
        'vit:\n  width: 192\n  depth: 12\n  heads: 3\n  patch_size: 16\n',
      ),
    );
    await vi.waitFor(() => expect(form.model.field('vit')?.asFields).toBe(true));
    form.model.choose('vit.depth', '4');
    await vi.waitFor(() => expect(shows('vit.depth')).toBe('4'));
    form.model.choose('vit', 'base');
    await vi.waitFor(() => expect(form.text).toBe(yaml.replace('tiny', 'base')));
    form.model.expand('med_config');
    await vi.waitFor(() => expect(shows('med_config.hidden_size')).toBe('768'));
    expect(parseConfig(form.text).problems).toEqual([]);
  });

  it('lists problems without a field, with their fixes', async () => {
    await open('image_sise: 3\nvit: {pach_size: 8}\n');
    expect(form.model.state?.otherProblems.map(({ line }) => line)).toEqual([1, 2]);
    const [rename] = form.model.state?.otherProblems[0]?.fixes ?? [];
    expect(rename?.title).toBe('Rename to `image_size`');
    form.model.fix(rename?.index ?? -1);
    await vi.waitFor(() => expect(form.text).toContain('image_size: 3\n'));
  });

  it('does not apply a fix to a changed text', async () => {
    await open('image_sise: 3\n');
    const [rename] = form.model.state?.otherProblems[0]?.fixes ?? [];
    form.text = 'seed: 1\nimage_sise: 3\n';
    form.version++;
    form.model.fix(rename?.index ?? -1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(form.text).toBe('seed: 1\nimage_sise: 3\n');
  });

  it('shows where the text is invalid, and returns when it is fixed', async () => {
    await open('seed: 1\nvit: {width: 3\n');
    expect(form.model.state?.syntaxError?.line).toBeGreaterThanOrEqual(2);
    form.model.openText(form.model.state?.syntaxError?.line);
    expect(form.openedLines).toEqual([form.model.state?.syntaxError?.line]);
    form.write('seed: 5\n');
    await vi.waitFor(() => expect(shows('seed')).toBe('5'));
    expect(form.model.state?.syntaxError).toBe(undefined);
  });

  it('shows why an edit was refused', async () => {
    await open(yaml);
    form.refuse = true;
    form.model.choose('seed', '2');
    await vi.waitFor(() => expect(form.model.failure?.message).toContain('read-only'));
    form.refuse = false;
    form.model.choose('seed', '3');
    await vi.waitFor(() => expect(form.model.failure).toBe(undefined));
    expect(form.text).toContain('seed: 3');
  });

  it('logs a failed disk access, and continues when it works again', async () => {
    await open(yaml);
    form.diskFails = true;
    form.write(`${yaml}image_root: there\n`);
    await vi.waitFor(() => expect(form.errors).toEqual(['Error: no disk']));
    form.diskFails = false;
    form.session.refresh();
    await vi.waitFor(() => expect(shows('image_root')).toBe('there'));
  });

  it('writes a selected path, and nothing if the user cancels', async () => {
    await open(yaml);
    form.picked = 'data/my images';
    form.model.browse('image_root');
    await vi.waitFor(() => expect(form.text).toContain('image_root: data/my images\n'));
    const before = form.text;
    form.picked = undefined;
    form.model.browse('ann_root');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(form.text).toBe(before);
  });

  it('counts steps, parameters and memory', async () => {
    writeFileSync(
      join(folder, 'annotation/nlvr_train.json'),
      JSON.stringify(Array.from({ length: 100 }, () => ({}))),
    );
    await open('batch_size_train: 16\naccumulate_steps: 2\nmax_epoch: 4\n');
    await vi.waitFor(() => expect(form.model.insights).toBeDefined(), { timeout: 3000 });
    const insights = form.model.insights as Insights;
    expect(insights).toMatchObject({
      examples: 100,
      stepsPerEpoch: 3,
      totalSteps: 12,
      dataNote: null,
      modelNote: null,
      scheduleUnit: 'steps',
    });
    expect(insights.parameters?.total).toBeCloseTo(259.4e6, -5);
    expect(insights.schedule?.at(-1)?.step).toBe(12);
    form.write('ann_root: nowhere\nvit: {heads: 5}\n');
    await vi.waitFor(() => expect(form.model.insights?.examples).toBe(null), { timeout: 3000 });
    expect(form.model.insights?.dataNote).toContain('do not exist yet');
    expect(form.model.insights?.modelNote).toContain('vit.heads');
    expect(form.model.insights?.scheduleUnit).toBe('epochs');
  });

  it('computes nothing from the default of an invalid value, and names that value', async () => {
    const insights = () => form.model.insights;
    const note = (key: string) => `Not available: the value of \`${key}\` is invalid.`;
    await open('batch_size_train: 1\ninit_lr: abc\n');
    await vi.waitFor(() => expect(insights()?.scheduleNote).toBe(note('init_lr')));
    // Results that do not depend on it are computed.
    expect(insights()).toMatchObject({ schedule: null, stepsPerEpoch: 3, modelNote: null });
    form.write('batch_size_train: many\nseed: x\n');
    await vi.waitFor(() => expect(insights()?.dataNote).toBe(note('batch_size_train')));
    expect(insights()).toMatchObject({
      examples: 3,
      effectiveBatch: null,
      stepsPerEpoch: null,
      totalSteps: null,
      schedule: null,
      memory: null,
      modelNote: note('batch_size_train'),
    });
    form.write(
      'batch_size_train: 1\nann_files: { train: 3, val: "", test: "" }\nvit: { depth: -1 }\n',
    );
    await vi.waitFor(() => expect(insights()?.dataNote).toBe(note('ann_files')));
    expect(insights()).toMatchObject({ examples: null, modelNote: note('vit') });
    expect(insights()?.schedule).not.toBeNull();
  });

  it('counts the batches of all processes that share a training', async () => {
    writeFileSync(
      join(folder, 'annotation/nlvr_train.json'),
      JSON.stringify(Array.from({ length: 100 }, () => ({}))),
    );
    await open('batch_size_train: 8\naccumulate_steps: 2\nmax_epoch: 4\n');
    form.processes = 3;
    await vi.waitFor(() => expect(form.model.insights).toBeDefined(), { timeout: 3000 });
    expect(form.model.insights).toMatchObject({
      batchPerProcess: 8,
      processes: 3,
      accumulateSteps: 2,
      effectiveBatch: 48,
      stepsPerEpoch: 2,
      totalSteps: 8,
      processesNote: null,
    });
    form.processes = 'auto';
    form.write('batch_size_train: 8\n');
    await vi.waitFor(() => expect(form.model.insights?.effectiveBatch).toBe(8), { timeout: 3000 });
    expect(form.model.insights?.processesNote).toContain('one process per GPU');
  });

  it('fails for a request about an unknown key', async () => {
    await open(yaml);
    form.model.choose('constructor', '1');
    await vi.waitFor(() => expect(form.model.failure?.message).toContain('not a key'));
    expect(form.text).toBe(yaml);
  });
});

describe('typed text', () => {
  it.each([
    ['init_lr', ' 3e-5 ', 3e-5],
    ['init_lr', '.5', 0.5],
    ['init_lr', 'hot', 'hot'],
    ['init_lr', '0x10', '0x10'],
    ['seed', '7', 7],
    ['xla', 'true', true],
    ['image_root', '12', '12'],
    ['image_root', 'a b ', 'a b '],
    ['vit', 'tiny', 'tiny'],
  ] as const)('%s: %j', (key, text, value) => {
    expect(parseTypedValue(definition[key], text)).toBe(value);
  });
});

describe('search', () => {
  const infos = fieldInfos(t);
  const found = (search: string): string[] =>
    infos.filter((info) => matches(info, search, false, () => undefined)).map(({ key }) => key);

  it('finds keys by name, words of the meaning, fields and group', () => {
    // The meaning of the curriculum's epochs contains it.
    expect(found('init_lr')).toEqual(['init_lr', 'curriculum']);
    expect(found('init lr')).toContain('init_lr');
    expect(found('learning RATE')).toContain('warmup_lr');
    expect(found('patch')).toContain('vit');
    expect(found('hardware')).toContain('precision');
    expect(found('nothing like this')).toEqual([]);
    expect(found('')).toHaveLength(infos.length);
  });
});

/** Whether a promise settles within some turns of the event loop. */
async function withinTurns(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.then(() => (done = true));
  for (let turn = 0; turn < 20 && !done; turn++) await new Promise(setImmediate);
  return done;
}
