import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configPaths } from '../../src/config/paths';
import { parseConfig } from '../../src/config/parse';
import type { Launch } from '../../src/extension/failures/predictClient';
import { FailuresSession, type SessionEditor } from '../../src/extension/failures/session';
import { Thumbnails } from '../../src/extension/failures/thumbnails';
import type { Prediction } from '../../src/run/predictions';
import type { AskState, FailuresRequests, ToWebview } from '../../src/webview/failures/messages';
import { Model, type ViewState } from '../../src/webview/failures/model';

/** Host and webview of a panel, joined without VS Code: messages are cloned on their way, as by the editor. */
class Panel {
  readonly opened: [string, number?][] = [];
  readonly problems: unknown[] = [];
  saved: { name: string; text: string } | null = null;
  /** Rows wait on their way to the page until `release`. */
  holdRows = false;
  /** Milliseconds that a message keeps the thread busy. */
  slow = 0;
  /** Called when the next rows are on their way. */
  onRows: (() => void) | undefined;
  private readonly held: ToWebview[] = [];
  checkpoint = 'first';
  /** Null: the run has no configuration yet. */
  imageRoot: string | null;
  state: Partial<ViewState> = {};
  unavailable: Extract<AskState, { state: 'unavailable' }> | null = null;
  launch: () => Promise<Launch> = () => Promise.reject(new Error('not in this test'));
  readonly session: FailuresSession;
  model: Model;

  constructor(
    folder: string,
    imageRoot: string | null,
    wanted: ConstructorParameters<typeof FailuresSession>[1] = null,
  ) {
    const editor: SessionEditor = {
      send: (message) => {
        const end = performance.now() + this.slow;
        while (performance.now() < end);
        const waits = this.holdRows && (message.type === 'rows' || message.type === 'end');
        if (waits) this.held.push(structuredClone(message));
        else this.model.receive(structuredClone(message));
        if (message.type !== 'rows') return;
        const told = this.onRows;
        this.onRows = undefined;
        told?.();
      },
      address: (file) => `address:${file}`,
      openFile: (file, line) =>
        Promise.resolve(void this.opened.push(line === undefined ? [file] : [file, line])),
      copy: () => Promise.resolve(),
      save: (name, _extension, pieces) => {
        this.saved = { name, text: [...pieces].join('') };
        return Promise.resolve(name);
      },
      command: () => undefined,
      checkpointStamp: () => this.checkpoint,
      launch: () => this.launch(),
      askUnavailable: () => this.unavailable,
      isActive: () => false,
      log: () => undefined,
      problem: (_doing, error) => this.problems.push(error),
      translate: (text, ...values) =>
        text.replace(/\{(\d)\}/g, (_all, i: string) => String(values[Number(i)])),
    };
    const { config } = parseConfig('ann_files: { val: val.json }\nann_root: .');
    this.imageRoot = imageRoot;
    const paths = () => ({ ...configPaths(config, folder), imageRoot: this.imageRoot ?? '' });
    this.session = new FailuresSession(
      {
        folder,
        name: 'calm fox/1',
        paths: () => Promise.resolve(this.imageRoot === null ? null : paths()),
      },
      wanted,
      new Thumbnails(join(folder, '.thumbs')),
      editor,
    );
    this.model = this.newModel();
  }

  release(): void {
    this.holdRows = false;
    for (const message of this.held.splice(0)) this.model.receive(message);
  }

  /** A page that was just loaded. */
  newModel(): Model {
    const request = <N extends keyof FailuresRequests>(
      name: N,
      params: FailuresRequests[N]['params'],
    ) =>
      (this.session.requests[name] as (params: unknown) => Promise<FailuresRequests[N]['result']>)(
        structuredClone(params),
      );
    return (this.model = new Model(
      {
        send: (message) => void Promise.resolve(this.session.message(structuredClone(message))),
        request: async (name, params) => request(name, params),
      },
      () => undefined,
      (state) => (this.state = state),
      this.state,
    ));
  }

  /** The predictions are all there. */
  async ready(): Promise<void> {
    await this.session.ready();
    await vi.waitFor(() => expect(this.model.loading.state).toBe('ready'));
  }
  get identifier(): string {
    return this.model.rows.identifierOf(this.model.selected);
  }
  get listed(): string[] {
    return [...this.model.shown].map((row) => this.model.rows.identifierOf(row));
  }
}

let folder: string;
let panel: Panel;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nlvr-panel-'));
  await mkdir(join(folder, 'predictions'));
  await mkdir(join(folder, 'images'));
});
afterEach(async () => {
  panel.session.dispose();
  await rm(folder, { recursive: true, force: true });
});

function example(index: number, probTrue: number, over: Partial<Prediction> = {}): Prediction {
  return {
    identifier: `dev-${index}-0-0`,
    index,
    split: 'val',
    sentence: `Sentence ${index} with a dog on the left.`,
    images: [join(folder, 'images', 'a.png'), join(folder, 'images', 'b.png')],
    label: true,
    prediction: probTrue > 0.5,
    prob_true: probTrue,
    logits: [0, Math.log(probTrue / (1 - probTrue))],
    ...over,
  };
}
const epoch0 = () => [example(0, 0.1), example(1, 0.9), example(2, 0.3)];
const epoch1 = () => [example(0, 0.8), example(1, 0.2), example(2, 0.4)];
function write(name: string, predictions: Prediction[]): Promise<void> {
  return writeFile(
    join(folder, 'predictions', name),
    predictions.map((p) => `${JSON.stringify(p)}\n`).join(''),
  );
}
function open(wanted: ConstructorParameters<typeof FailuresSession>[1] = null): Panel {
  return (panel = new Panel(folder, join(folder, 'images'), wanted));
}

describe('the panel', () => {
  it('shows the newest epoch, the most confidently wrong first, and how the answers changed', async () => {
    await write('val-epoch-000.jsonl', epoch0());
    await write('val-epoch-001.jsonl', epoch1());
    await open().ready();
    expect(panel.model.set).toEqual({ split: 'val', epoch: 1 });
    expect(panel.listed).toEqual(['dev-1-0-0', 'dev-2-0-0']);
    expect(panel.identifier).toBe('dev-1-0-0');
    expect(panel.model.counts).toEqual({ wrong: 2, right: 1, unlabelled: 0 });
    await vi.waitFor(() => expect(panel.model.rows.history.size).toBe(1));
    panel.model.setFilter({ show: 'all', change: 'newlyRight' });
    expect(panel.listed).toEqual(['dev-0-0-0']);
    expect(panel.identifier).toBe('dev-0-0-0');
  });

  it('opens what it was asked for, and keeps the example when the epoch changes', async () => {
    await write('val-epoch-000.jsonl', epoch0());
    await write('val-epoch-001.jsonl', epoch1());
    await write('test.jsonl', [example(7, 0.2, { split: 'test' })]);
    await open({ split: 'val', epoch: 0 }).ready();
    expect(panel.listed).toEqual(['dev-0-0-0', 'dev-2-0-0']);
    panel.model.moveTo(1);
    panel.model.open({ split: 'val', epoch: 1 });
    await vi.waitFor(() => expect(panel.model.set?.epoch).toBe(1));
    expect(panel.identifier).toBe('dev-2-0-0');
    panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(panel.model.set?.split).toBe('test'));
    expect(panel.identifier).toBe('dev-7-0-0');
  });

  it('keeps the old rows until the new ones are there', async () => {
    await write('val-epoch-000.jsonl', epoch0());
    await write('val-epoch-001.jsonl', epoch1());
    await open().ready();
    panel.model.receive({
      type: 'begin',
      generation: 99,
      set: { split: 'val', epoch: 0 },
      bytes: 10,
      select: null,
    });
    expect(panel.listed).toHaveLength(2);
    expect(panel.model.loading.state).toBe('loading');
    expect(panel.model.chosenSet?.epoch).toBe(0);
    // What still arrives about the load before is not mixed in.
    panel.model.receive({ type: 'end', generation: 1, skipped: 0, formats: [] });
    expect(panel.model.loading.state).toBe('loading');
  });

  it('waits for the first predictions, and offers later epochs without jumping to them', async () => {
    await open().session.ready();
    expect(panel.model.run?.missing).toBe(false);
    expect(panel.model.sets).toEqual([]);
    await write('val-epoch-000.jsonl', epoch0());
    await panel.session.refresh();
    await vi.waitFor(() => expect(panel.listed).toHaveLength(2));
    await write('val-epoch-001.jsonl', epoch1());
    await panel.session.refresh({ split: 'val', epoch: 1 });
    expect(panel.model.newer).toEqual({ split: 'val', epoch: 1 });
    expect(panel.model.set?.epoch).toBe(0);
    // The file shown is written anew, as by a resumed run.
    await write('val-epoch-000.jsonl', epoch0().slice(0, 1));
    await panel.session.refresh({ split: 'val', epoch: 0 });
    await vi.waitFor(() => expect(panel.listed).toEqual(['dev-0-0-0']));
  });

  it('is whole again after its page was thrown away', async () => {
    await write('val-epoch-000.jsonl', epoch0());
    await write('val-epoch-001.jsonl', epoch1());
    await open({ split: 'val', epoch: 0 }).ready();
    await vi.waitFor(() => expect(panel.model.rows.history.size).toBe(1));
    panel.model.setFilter({ search: 'dog' });
    panel.model.setSort('index', true);
    panel.model.moveTo(1);
    const { listed, identifier } = panel;
    panel.newModel();
    await panel.ready();
    expect(panel.listed).toEqual(listed);
    expect(panel.identifier).toBe(identifier);
    expect(panel.model.rows.history.size).toBe(1);
    expect(panel.model.filter.search).toBe('dog');
  });

  it('is told again in pieces when its page is thrown away while it loads, in order and once', async () => {
    const many = Array.from({ length: 9000 }, (_, i) => example(i, 0.1));
    await write('val.jsonl', many);
    await open().ready();
    let again: Promise<void> | undefined;
    panel.onRows = () => {
      panel.newModel();
      again = panel.session.ready();
    };
    await panel.session.refresh({ split: 'val', epoch: null });
    await again;
    expect(again).toBeDefined();
    expect(panel.model.loading.state).toBe('ready');
    expect(panel.model.rows.identifiers).toEqual(many.map(({ identifier }) => identifier));
  });

  it('lets others have a turn while a long set is told again', async () => {
    await write(
      'val.jsonl',
      Array.from({ length: 13_000 }, (_, i) => example(i, 0.1)),
    );
    await open().ready();
    panel.newModel();
    panel.slow = 9;
    let seen = -1;
    panel.onRows = () => setImmediate(() => (seen = panel.model.rows.count));
    await panel.session.ready();
    expect(seen).toBeGreaterThanOrEqual(4000);
    expect(seen).toBeLessThan(13_000);
    expect(panel.model.rows.count).toBe(13_000);
  });

  it('says when the run, or its file, is gone or cannot be read', async () => {
    panel = new Panel(join(folder, 'gone'), null);
    await panel.session.ready();
    expect(panel.model.run?.missing).toBe(true);
    await mkdir(join(folder, 'predictions', 'val.jsonl'));
    await open().session.ready();
    await vi.waitFor(() => expect(panel.model.loading.state).toBe('failed'));
    await write('test.jsonl', [example(0, 0.2)]);
    await panel.session.refresh();
    panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(panel.listed).toHaveLength(1));
  });

  it('moves among the pairs of a sentence, also those that the filter hides', async () => {
    const again = { sentence: 'The same.', identifier: '' };
    await write('val.jsonl', [
      example(0, 0.1, { ...again, identifier: 'dev-5-0-1' }),
      example(1, 0.9, { ...again, identifier: 'dev-5-1-1' }),
      example(2, 0.2),
    ]);
    await open().ready();
    expect(panel.listed).toEqual(['dev-5-0-1', 'dev-2-0-0']);
    panel.model.moveTogether(1);
    expect(panel.identifier).toBe('dev-5-1-1');
    expect(panel.model.position).toBe(-1);
    panel.model.moveTogether(1);
    expect(panel.identifier).toBe('dev-5-0-1');
  });

  it('keeps notes by identifier and exports them with the rows shown', async () => {
    await write('val-epoch-001.jsonl', epoch1());
    await open().ready();
    await panel.model.setNote(1, { marked: true });
    await panel.model.setNote(1, { note: '=odd' });
    expect(await readFile(join(folder, 'notes.json'), 'utf8')).toContain(
      '"dev-1-0-0": {"marked":true,"note":"=odd"',
    );
    panel.model.setFilter({ marked: true });
    expect(panel.listed).toEqual(['dev-1-0-0']);
    expect(await panel.model.export('csv')).toBe('calm_fox_1-val-epoch-2.csv');
    expect(panel.saved?.text.split('\n')).toHaveLength(3);
    expect(panel.saved?.text).toMatch(/true,"'=odd"\n$/);
    expect(panel.model.formats).toEqual(['csv', 'jsonl', 'nlvr2']);
    await writeFile(join(folder, 'notes.json'), '{"version":9,"notes":{}}');
    await panel.model.setNote(0, { marked: true });
    expect(panel.model.notice).toMatchObject({ level: 'error' });
    expect(panel.model.notice?.message).toMatch(/newer version/);
  });

  it('keeps a note with the split of the rows it was written beside, while others are loaded', async () => {
    // BLIP's identifiers are made of file names: both splits may have the same one.
    await write('val.jsonl', [example(0, 0.1)]);
    await write('test.jsonl', [example(0, 0.2, { split: 'test' })]);
    await open().ready();
    const { rows, set } = panel.model;
    panel.holdRows = true;
    panel.model.open({ split: 'test', epoch: null });
    await vi.waitFor(() => expect(panel.session.set?.split).toBe('test'));
    expect(panel.model.set?.split).toBe('val');
    await panel.model.setNote(0, { marked: true });
    panel.release();
    await vi.waitFor(() => expect(panel.model.set?.split).toBe('test'));
    // The field of the example before is left only now.
    await panel.model.setNote(0, { note: 'odd' }, { rows, set });
    expect(panel.model.rows.noteOf(0)).toEqual({ marked: false, note: '' });
    const { notes } = JSON.parse(await readFile(join(folder, 'notes.json'), 'utf8')) as {
      notes: Record<string, unknown>;
    };
    expect(Object.keys(notes)).toEqual(['val']);
    expect(notes.val).toMatchObject({ 'dev-0-0-0': { marked: true, note: 'odd' } });
  });

  it('shows a mark made while another epoch of the split is loaded', async () => {
    await write('val-epoch-000.jsonl', epoch0());
    await write('val-epoch-001.jsonl', epoch1());
    await open().ready();
    panel.holdRows = true;
    panel.model.open({ split: 'val', epoch: 0 });
    await vi.waitFor(() => expect(panel.model.chosenSet?.epoch).toBe(0));
    await panel.model.setNote(2, { marked: true });
    panel.release();
    await vi.waitFor(() => expect(panel.model.set?.epoch).toBe(0));
    expect(panel.model.rows.noteOf(2).marked).toBe(true);
  });

  it('opens images and the annotation at its line', async () => {
    await write('val.jsonl', [example(0, 0.2), example(1, 0.1, { sentence: 'A "quoted" cat.' })]);
    const annotations = [
      { images: ['x.png', 'y.png'], sentence: 'A "quoted" cat.', label: 'True' },
      { images: ['a.png', 'b.png'], sentence: 'Sentence 0 with a dog on the left.', label: 'True' },
      { images: ['a.png', 'b.png'], sentence: 'A "quoted" cat.', label: 'True' },
    ];
    await writeFile(
      join(folder, 'val.json'),
      `[\n${annotations.map((each) => JSON.stringify(each)).join(',\n')}\n]`,
    );
    await writeFile(join(folder, 'images', 'b.png'), 'x');
    await open().ready();
    await panel.model.openImage(1, 1);
    await panel.model.openAnnotation(0);
    await panel.model.openAnnotation(1);
    expect(panel.opened).toEqual([
      [join(folder, 'images', 'b.png')],
      [join(folder, 'val.json'), 3],
      [join(folder, 'val.json'), 4],
    ]);
    await writeFile(join(folder, 'val.json'), '[]');
    await panel.model.openAnnotation(0);
    expect(panel.model.notice?.message).toMatch(
      /has no annotation of dev-0-0-0\. It may have changed/,
    );
  });

  it('finds annotations of NLVR2 and NLVR by their identifiers', async () => {
    await write('val.jsonl', [example(3, 0.2), example(4, 0.1, { identifier: '72-0-4' })]);
    await writeFile(
      join(folder, 'val.json'),
      '{"identifier": "dev-31-0-0"}\n{"identifier": "72-0"}\n{"sentence": "x", "identifier": "dev-3-0-0"}\n',
    );
    await open().ready();
    await panel.model.openAnnotation(0);
    await panel.model.openAnnotation(1);
    expect(panel.opened.map(([, line]) => line)).toEqual([3, 2]);
  });
});

describe('images', () => {
  const picture = (file: string, width = 400, height = 300) =>
    sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toFile(file);
  const images = () =>
    vi.waitFor(() => expect(panel.model.images).not.toBeNull()).then(() => panel.model.images);

  it('are shown and opened from the image folder only, not through links either', async () => {
    const inside = join(folder, 'images', 'a #1 %20.png');
    await picture(inside);
    await picture(join(folder, 'secret.png'));
    await symlink(join(folder, 'secret.png'), join(folder, 'images', 'link.png'));
    await write('val.jsonl', [
      example(0, 0.1, { images: [inside, join(folder, 'images', 'gone.png')] }),
      example(1, 0.2, {
        images: [join(folder, 'images', '..', 'secret.png'), join(folder, 'images', 'link.png')],
      }),
    ]);
    await open().ready();
    expect(await images()).toEqual([
      { path: inside, uri: `address:${inside}` },
      { path: join(folder, 'images', 'gone.png'), uri: null, problem: 'The file is missing.' },
    ]);
    panel.model.moveTo(1);
    const [outside, link] = (await images()) ?? [];
    expect(outside?.problem).toContain('outside the run');
    expect(link?.problem).toContain('a link that leads out');
    await panel.model.openImage(1, 0);
    expect(panel.model.notice?.message).toContain('outside the run');
    await panel.model.openImage(1, 1);
    expect(panel.model.notice?.message).toContain('a link that leads out');
    expect(panel.opened).toEqual([]);
    panel.unavailable = null;
    const asked = await panel.model.askAbout(1, {
      sentence: 'x',
      swapImages: false,
      swapTest: false,
    });
    expect(asked.problem?.message).toContain('outside the run');
  });

  it('are shown once the configuration is there, also when the panel was opened before', async () => {
    const file = join(folder, 'images', 'a.png');
    await picture(file);
    await write('val.jsonl', [example(0, 0.1), example(1, 0.2)]);
    panel = new Panel(folder, null);
    await panel.ready();
    expect((await images())?.[0]).toMatchObject({ uri: null });
    await panel.model.openAnnotation(0);
    expect(panel.model.notice?.message).toContain('annotation file of this run is not known');
    panel.imageRoot = join(folder, 'images');
    panel.model.moveTo(1);
    expect((await images())?.[0]).toEqual({ path: file, uri: `address:${file}` });
    await writeFile(join(folder, 'val.json'), '{"identifier": "dev-0-0-0"}\n');
    await panel.model.openAnnotation(0);
    expect(panel.opened).toEqual([[join(folder, 'val.json'), 1]]);
  });

  it('get thumbnails, made once and only while they are wanted', async () => {
    const file = join(folder, 'images', 'a.png');
    await picture(file);
    await writeFile(join(folder, 'images', 'b.png'), 'no picture');
    const thumbnails = new Thumbnails(join(folder, 'cache'));
    const [first, second] = await Promise.all([thumbnails.get(file), thumbnails.get(file)]);
    expect(second).toBe(first);
    const { width, height } = await sharp(first ?? '').metadata();
    expect([width, height]).toEqual([96, 72]);
    expect(await thumbnails.get(join(folder, 'images', 'b.png'))).toBeNull();
    const other = join(folder, 'images', 'c.png');
    await picture(other);
    expect(await thumbnails.get(other, () => false)).toBeUndefined();
    expect(await thumbnails.get(other)).toMatch(/\.webp$/);
    // A changed picture gets a new one.
    thumbnails.forget();
    await picture(file, 50, 20);
    const changed = await thumbnails.get(file);
    expect(changed).not.toBe(first);
    expect((await sharp(changed ?? '').metadata()).width).toBe(50);
  });

  it('that come into view are asked for, and their thumbnails arrive', async () => {
    await picture(join(folder, 'images', 'a.png'));
    await write('val.jsonl', [example(0, 0.1)]);
    await open().ready();
    panel.model.thumbnails.show('list', [0, 1]);
    await vi.waitFor(() => expect(panel.model.thumbnails.get(0)).toMatch(/^address:.*\.webp$/));
    expect(panel.model.thumbnails.get(1)).toBeNull();
  });
});

describe('asking again', () => {
  it('is refused where it is not available, and nothing is started', async () => {
    await write('val.jsonl', [example(0, 0.1)]);
    open();
    let launched = 0;
    panel.launch = () => {
      launched += 1;
      return Promise.reject(new Error('launched'));
    };
    panel.unavailable = { state: 'unavailable', message: 'Not trusted.', trust: true };
    await panel.ready();
    expect(panel.model.ask).toEqual(panel.unavailable);
    panel.model.prepareAsk(0);
    const asked = await panel.model.askAbout(0, {
      sentence: 'x',
      swapImages: false,
      swapTest: false,
    });
    expect(asked.problem?.message).toBe('Not trusted.');
    expect(launched).toBe(0);
    panel.unavailable = null;
    panel.session.refreshAvailability();
    expect(panel.model.ask).toEqual({ state: 'idle' });
  });

  it('sends the images in the order asked for, and keeps every answer beside the example', async () => {
    const server = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, left, sentence } = JSON.parse(line);
      console.log(JSON.stringify({ id, prediction: left.endsWith('b.png'), prob_true: sentence.length / 100, ms: 1 }));
    }).on('close', () => process.exit()); console.log('{"ready":true,"device":"CPU","parameters":7}');`;
    for (const name of ['a.png', 'b.png']) await writeFile(join(folder, 'images', name), 'x');
    await write('val.jsonl', [example(0, 0.1), example(1, 0.2)]);
    open().launch = () =>
      Promise.resolve({ command: process.execPath, args: ['-e', server], env: process.env });
    await panel.ready();
    const question = { sentence: 'Ten chars.', swapTest: false };
    await panel.model.askAbout(0, { ...question, swapImages: false });
    await panel.model.askAbout(0, { ...question, swapImages: true });
    expect(panel.model.questions.of('dev-0-0-0').map(({ answer }) => answer)).toEqual([
      { prediction: false, probTrue: 0.1, milliseconds: 1 },
      { prediction: true, probTrue: 0.1, milliseconds: 1 },
    ]);
    expect(panel.model.questions.of('dev-1-0-0')).toEqual([]);
    // They are still there when the panel comes back to the front.
    const before = panel.model.questions.of('dev-0-0-0');
    panel.newModel();
    await panel.ready();
    expect(panel.model.questions.of('dev-0-0-0')).toEqual(before);
    expect(panel.model.ask).toEqual({ state: 'ready', device: 'CPU', parameters: 7 });
    // Better weights are saved: they answer the next question.
    const server2 = server.replace(':7}', ':8}');
    panel.launch = () =>
      Promise.resolve({ command: process.execPath, args: ['-e', server2], env: process.env });
    await panel.model.askAbout(1, { ...question, swapImages: false });
    expect(panel.model.ask).toMatchObject({ parameters: 7 });
    panel.checkpoint = 'second';
    await panel.model.askAbout(1, { ...question, swapImages: false });
    expect(panel.model.ask).toMatchObject({ parameters: 8 });
  });
});
