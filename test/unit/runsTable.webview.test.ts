import { describe, expect, it, vi } from 'vitest';
import { gridKey, LEADING_COLUMNS, type CellPosition } from '../../src/webview/runs/gridKeys';
import type { MetricColumn, RunLine, ToHost } from '../../src/webview/runs/messages';
import { Model } from '../../src/webview/runs/model';
import { seriesOf } from '../../src/webview/runs/series';
import { scaleOf, wantsLog } from '../../src/webview/runs/scales';
import { restoredView } from '../../src/webview/runs/view';

const columns: MetricColumn[] = [
  { name: 'name', kind: 'text' },
  { name: 'state', kind: 'text' },
  { name: 'started', kind: 'time' },
  { name: 'val_accuracy', kind: 'share', better: 'higher' },
  { name: 'val_loss', kind: 'loss', better: 'lower' },
];

function line(name: string, accuracy: number | null, more: Partial<RunLine> = {}): RunLine {
  const loss = accuracy === null ? null : 1 - accuracy;
  return {
    key: `/runs/${name}`,
    ownName: name,
    values: [name, 'finished', `2026-01-0${name.length}T00:00:00Z`, accuracy, loss],
    state: 'finished',
    active: false,
    configuration: 'nlvr.yaml',
    message: '',
    can: { evaluate: true, delete: true },
    starred: false,
    archived: false,
    name: '',
    description: '',
    tags: [],
    ...more,
  };
}

/** Four runs: `a`, `bb`, `ccc` and `dddd`, the last one without a result. */
function model(): Model & { sent: ToHost[] } {
  const sent: ToHost[] = [];
  const host = {
    send: (message: ToHost) => void sent.push(message),
    request: () => Promise.reject(new Error('not in this test')),
  };
  const made = Object.assign(new Model(host, () => undefined), { sent });
  made.receive({ type: 'init', columns, view: {}, trusted: true });
  const rows = [
    line('a', 0.6, { tags: ['good'] }),
    line('bb', 0.8),
    line('ccc', 0.8, { name: 'Baseline' }),
    line('dddd', null),
  ];
  made.receive({ type: 'rows', rows, loading: false });
  const keys = rows.map(({ key }) => key);
  made.receive({
    type: 'configuration',
    configuration: {
      runs: keys,
      columns: [
        { key: 'init_lr', values: ['1e-5', '1e-3', '1e-4', null] },
        { key: 'vit', values: ['base', 'tiny', 'base', 'tiny'] },
      ],
    },
  });
  return made;
}
const names = (made: Model): string[] => made.shown.map(({ ownName }) => ownName);

describe('the runs table', () => {
  it('sorts by several columns, runs without a value last', () => {
    const made = model();
    expect(names(made)).toEqual(['dddd', 'ccc', 'bb', 'a']);
    made.sortBy('val_accuracy', false);
    made.sortBy('config:init_lr', true);
    expect(made.view.sorts).toEqual([
      { column: 'val_accuracy', descending: true },
      { column: 'config:init_lr', descending: false },
    ]);
    expect(names(made)).toEqual(['ccc', 'bb', 'a', 'dddd']);
    made.sortBy('config:init_lr', true);
    expect(names(made)).toEqual(['bb', 'ccc', 'a', 'dddd']);
    made.sortBy('val_accuracy', false);
    expect(names(made)[0]).toBe('a');
    expect(names(made)[3]).toBe('dddd');
  });

  it('searches words, tags and key=value, and filters by values and ranges', () => {
    const made = model();
    made.change({ text: 'vit=base base' });
    expect(names(made)).toEqual(['ccc', 'a']);
    made.change({ text: 'good' });
    expect(names(made)).toEqual(['a']);
    made.change({ text: '' });
    made.filter('val_accuracy', { min: 0.7 });
    expect(names(made)).toEqual(['ccc', 'bb']);
    made.filter('config:vit', { values: ['base'] });
    expect(names(made)).toEqual(['ccc']);
    made.filter('val_accuracy', {});
    made.filter('config:vit', {});
    made.filter('config:init_lr', { values: [null] });
    expect(names(made)).toEqual(['dddd']);
  });

  it('hides archived runs unless requested', () => {
    const made = model();
    made.receive({ type: 'rows', rows: [line('bb', 0.8, { archived: true })], loading: false });
    expect(names(made)).not.toContain('bb');
    made.change({ archived: true });
    expect(names(made)).toContain('bb');
    expect(made.row('/runs/bb')?.configurationValues.vit).toBe('tiny');
  });

  it('marks the best of the shown runs, by the direction of the column', () => {
    const made = model();
    const [accuracy, loss] = ['val_accuracy', 'val_loss'].map((id) => made.column(id));
    made.show('val_loss', true);
    const best = (column = accuracy) =>
      made.shown.filter((row) => column && made.isBest(column, row)).map((row) => row.ownName);
    expect(best()).toEqual(['ccc', 'bb']);
    expect(best(loss)).toEqual(['ccc', 'bb']);
    made.filter('config:vit', { values: ['base'] });
    expect(best()).toEqual(['ccc']);
    made.filter('config:init_lr', { values: ['0.00001'] });
    expect(best()).toEqual([]);
  });

  it('groups by a column and collapses groups', () => {
    const made = model();
    made.change({ group: 'config:vit' });
    const shown = () => made.lines.map(({ group, row }) => group?.value ?? row?.ownName);
    expect(shown()).toEqual(['base', 'ccc', 'a', 'tiny', 'dddd', 'bb']);
    made.fold('base', true);
    expect(shown()).toEqual(['base', 'tiny', 'dddd', 'bb']);
    expect(names(made)).toHaveLength(4);
  });

  it('shows, pins and moves columns', () => {
    const made = model();
    const ids = () => made.shownColumns.map(({ id }) => id);
    expect(ids()).toEqual([
      'name',
      'state',
      'tags',
      'started',
      'val_accuracy',
      'config:init_lr',
      'config:vit',
    ]);
    made.pin('config:vit', true);
    made.show('started', false);
    made.shift('val_accuracy', -1);
    expect(ids()).toEqual([
      'name',
      'config:vit',
      'state',
      'val_accuracy',
      'tags',
      'config:init_lr',
    ]);
    // A key that appears later is at the end.
    const runs = made.all.map(({ key }) => key);
    const seeds = { key: 'seed', values: ['1', '2', '3', '4'] };
    made.receive({ type: 'configuration', configuration: { runs, columns: [seeds] } });
    expect(ids()).toEqual(['name', 'state', 'val_accuracy', 'tags', 'config:seed']);
  });

  it('acts on the selected runs, otherwise on the current run', () => {
    const made = model();
    made.goTo('/runs/a');
    expect(made.targets.map(({ ownName }) => ownName)).toEqual(['a']);
    made.select(['/runs/bb', '/runs/ccc'], true);
    made.act('open', made.targets);
    expect(made.sent.at(-1)).toEqual({
      type: 'action',
      action: 'open',
      keys: ['/runs/ccc', '/runs/bb'],
    });
    made.star(made.targets);
    expect(made.sent.at(-1)).toMatchObject({ type: 'mark', change: { starred: true } });
    made.receive({ type: 'removed', keys: ['/runs/bb', '/runs/ccc', '/runs/a'] });
    expect(made.targets.map(({ ownName }) => ownName)).toEqual(['dddd']);
  });
});

describe('colors', () => {
  it('are requested for up to six selected runs, in the order of the comparison', async () => {
    const made = model();
    const asked: string[][] = [];
    made.host.request = (_: string, { keys }: { keys: string[] }) => {
      asked.push(keys);
      return Promise.resolve(Object.fromEntries(keys.map((key, i) => [key, 5 - i])));
    };
    const [row] = made.all;
    expect(seriesOf(made).colorIndex(row)).toBe(0);
    made.select(['/runs/a', '/runs/bb'], true);
    await vi.waitFor(() => expect(made.colors.size).toBe(2));
    expect(asked).toEqual([['/runs/bb', '/runs/a']]);
    const colors = made.all.map((each) => seriesOf(made).colorIndex(each));
    expect(colors).toEqual([4, 5, -1, -1]);
    // With groups, the groups have the colors.
    made.change({ group: 'config:vit' });
    expect(made.all.map((each) => seriesOf(made).colorIndex(each))).toEqual([0, 1, 0, 1]);
    made.selectOnly([]);
    expect(made.colors.size).toBe(0);
    expect(asked).toHaveLength(1);
  });
});

describe('keys of the table', () => {
  /** Presses keys with optional `Shift+` and `Control+`. @returns the active cell */
  function press(made: Model, from: CellPosition, ...keys: string[]): CellPosition {
    let at = from;
    for (const each of keys) {
      const parts = each.split('+');
      const event = {
        key: parts.at(-1) ?? '',
        shiftKey: parts.includes('Shift'),
        ctrlKey: parts.includes('Control'),
        altKey: parts.includes('Alt'),
        metaKey: false,
      };
      gridKey(event, made, at, 2, {
        move: (to) => {
          at = to;
          made.goTo(made.lines[to.line]?.row?.key ?? '');
        },
        menu: () => undefined,
        search: () => undefined,
      });
    }
    return at;
  }
  const start = { line: 0, column: LEADING_COLUMNS };

  it('move through cells and headers, and stop at the edges', () => {
    const made = model();
    expect(press(made, start, 'ArrowDown', 'ArrowRight')).toEqual({ line: 1, column: 3 });
    expect(press(made, start, 'Control+End', 'ArrowDown', 'End', 'ArrowRight')).toEqual({
      line: 3,
      column: made.shownColumns.length + LEADING_COLUMNS - 1,
    });
    expect(press(made, start, 'PageDown', 'PageUp', 'ArrowUp', 'ArrowUp', 'Home')).toEqual({
      line: -1,
      column: 0,
    });
  });

  it('sort, move, pin and hide columns in the header', () => {
    const made = model();
    const head = { line: -1, column: LEADING_COLUMNS + 4 };
    press(made, head, 'Enter');
    expect(made.view.sorts).toEqual([{ column: 'val_accuracy', descending: true }]);
    press(made, { ...head, column: LEADING_COLUMNS + 3 }, 'Shift+Enter');
    expect(made.view.sorts.map(({ column }) => column)).toEqual(['val_accuracy', 'started']);
    expect(press(made, head, 'Alt+ArrowLeft')).toEqual({ line: -1, column: LEADING_COLUMNS + 3 });
    press(made, { line: -1, column: LEADING_COLUMNS + 3 }, 'p');
    expect(made.view.pinned).toEqual(['name', 'val_accuracy']);
    press(made, { line: -1, column: LEADING_COLUMNS + 1 }, 'Delete');
    expect(made.shownColumns.map(({ id }) => id)).not.toContain('val_accuracy');
  });

  it('select, extend the selection, and act', () => {
    const made = model();
    press(made, start, ' ', 'ArrowDown', 'Shift+ArrowDown');
    expect(made.targets.map(({ ownName }) => ownName)).toEqual(['dddd', 'ccc', 'bb']);
    press(made, start, 'Control+ ');
    expect(made.targets.map(({ ownName }) => ownName)).toEqual(['ccc', 'bb']);
    press(made, start, 'Escape', 'Control+a', 'c');
    expect(made.sent.at(-1)).toMatchObject({ action: 'open', keys: { length: 4 } });
    press(made, start, 'F2');
    expect(made.dialog).toMatchObject({ kind: 'edit', keys: { length: 4 } });
    press(made, start, 'n');
    expect(made.dialog).toEqual({ kind: 'newRun', key: '/runs/dddd' });
  });
});

describe('axes', () => {
  it('are logarithmic for a wide range of values, and label texts in order', () => {
    const made = model();
    const [rate, vit] = ['config:init_lr', 'config:vit'].map((id) => made.column(id));
    if (!rate || !vit) throw new Error('no columns');
    expect(wantsLog(rate, made.shown)).toBe(true);
    const scale = scaleOf(rate, made.shown, true);
    const places = made.shown.map((row) => scale.at(row));
    expect(places[0]).toBeNull();
    expect(places.slice(1).map((place) => place?.toFixed(6))).toEqual([
      '0.500000',
      '1.000000',
      '0.000000',
    ]);
    expect(scale.value(0.5)).toBeCloseTo(1e-4, 8);
    expect(scale.ticks.map(({ text }) => text)).toEqual([
      '1e-5',
      '3.16e-5',
      '1e-4',
      '3.16e-4',
      '0.001',
    ]);
    expect(scaleOf(vit, made.shown, true)).toMatchObject({ labels: ['base', 'tiny'], log: false });
  });
});

it('restores the options of a saved view that have the right type', () => {
  expect(
    restoredView({ mode: 'pie', sorts: 3, text: 'x', pinned: ['a'], filters: null }),
  ).toMatchObject({
    mode: 'table',
    sorts: [{ column: 'started', descending: true }],
    text: 'x',
    pinned: ['a'],
    filters: {},
  });
});
