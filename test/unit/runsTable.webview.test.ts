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
  const table = Object.assign(new Model(host, () => undefined), { sent });
  table.receive({ type: 'init', columns, view: {}, trusted: true });
  const rows = [
    line('a', 0.6, { tags: ['good'] }),
    line('bb', 0.8),
    line('ccc', 0.8, { name: 'Baseline' }),
    line('dddd', null),
  ];
  table.receive({ type: 'rows', rows, loading: false });
  const keys = rows.map(({ key }) => key);
  table.receive({
    type: 'configuration',
    configuration: {
      runs: keys,
      columns: [
        { key: 'init_lr', values: ['1e-5', '1e-3', '1e-4', null] },
        { key: 'vit', values: ['base', 'tiny', 'base', 'tiny'] },
      ],
    },
  });
  return table;
}
const names = (table: Model): string[] => table.shown.map(({ ownName }) => ownName);

describe('the runs table', () => {
  it('sorts by several columns, runs without a value last', () => {
    const table = model();
    expect(names(table)).toEqual(['dddd', 'ccc', 'bb', 'a']);
    table.sortBy('val_accuracy', false);
    table.sortBy('config:init_lr', true);
    expect(table.view.sorts).toEqual([
      { column: 'val_accuracy', descending: true },
      { column: 'config:init_lr', descending: false },
    ]);
    expect(names(table)).toEqual(['ccc', 'bb', 'a', 'dddd']);
    table.sortBy('config:init_lr', true);
    expect(names(table)).toEqual(['bb', 'ccc', 'a', 'dddd']);
    table.sortBy('val_accuracy', false);
    expect(names(table)[0]).toBe('a');
    expect(names(table)[3]).toBe('dddd');
  });

  it('searches words, tags and key=value, and filters by values and ranges', () => {
    const table = model();
    table.change({ text: 'vit=base base' });
    expect(names(table)).toEqual(['ccc', 'a']);
    table.change({ text: 'good' });
    expect(names(table)).toEqual(['a']);
    table.change({ text: '' });
    table.filter('val_accuracy', { min: 0.7 });
    expect(names(table)).toEqual(['ccc', 'bb']);
    table.filter('config:vit', { values: ['base'] });
    expect(names(table)).toEqual(['ccc']);
    table.filter('val_accuracy', {});
    table.filter('config:vit', {});
    table.filter('config:init_lr', { values: [null] });
    expect(names(table)).toEqual(['dddd']);
  });

  it('hides archived runs unless requested', () => {
    const table = model();
    table.receive({ type: 'rows', rows: [line('bb', 0.8, { archived: true })], loading: false });
    expect(names(table)).not.toContain('bb');
    table.change({ archived: true });
    expect(names(table)).toContain('bb');
    expect(table.row('/runs/bb')?.configurationValues.vit).toBe('tiny');
  });

  it('marks the best of the shown runs, by the direction of the column', () => {
    const table = model();
    const [accuracy, loss] = ['val_accuracy', 'val_loss'].map((id) => table.column(id));
    table.show('val_loss', true);
    const best = (column = accuracy) =>
      table.shown.filter((row) => column && table.isBest(column, row)).map((row) => row.ownName);
    expect(best()).toEqual(['ccc', 'bb']);
    expect(best(loss)).toEqual(['ccc', 'bb']);
    table.filter('config:vit', { values: ['base'] });
    expect(best()).toEqual(['ccc']);
    table.filter('config:init_lr', { values: ['0.00001'] });
    expect(best()).toEqual([]);
  });

  it('groups by a column and collapses groups', () => {
    const table = model();
    table.change({ group: 'config:vit' });
    const shown = () => table.lines.map(({ group, row }) => group?.value ?? row?.ownName);
    expect(shown()).toEqual(['base', 'ccc', 'a', 'tiny', 'dddd', 'bb']);
    table.fold('base', true);
    expect(shown()).toEqual(['base', 'tiny', 'dddd', 'bb']);
    expect(names(table)).toHaveLength(4);
  });

  it('shows, pins and moves columns', () => {
    const table = model();
    const ids = () => table.shownColumns.map(({ id }) => id);
    expect(ids()).toEqual([
      'name',
      'state',
      'tags',
      'started',
      'val_accuracy',
      'config:init_lr',
      'config:vit',
    ]);
    table.pin('config:vit', true);
    table.show('started', false);
    table.shift('val_accuracy', -1);
    expect(ids()).toEqual([
      'name',
      'config:vit',
      'state',
      'val_accuracy',
      'tags',
      'config:init_lr',
    ]);
    // A key that appears later is at the end.
    const runs = table.all.map(({ key }) => key);
    const seeds = { key: 'seed', values: ['1', '2', '3', '4'] };
    table.receive({ type: 'configuration', configuration: { runs, columns: [seeds] } });
    expect(ids()).toEqual(['name', 'state', 'val_accuracy', 'tags', 'config:seed']);
  });

  it('acts on the selected runs, otherwise on the current run', () => {
    const table = model();
    table.goTo('/runs/a');
    expect(table.targets.map(({ ownName }) => ownName)).toEqual(['a']);
    table.select(['/runs/bb', '/runs/ccc'], true);
    table.act('open', table.targets);
    expect(table.sent.at(-1)).toEqual({
      type: 'action',
      action: 'open',
      keys: ['/runs/ccc', '/runs/bb'],
    });
    table.star(table.targets);
    expect(table.sent.at(-1)).toMatchObject({ type: 'mark', change: { starred: true } });
    table.receive({ type: 'removed', keys: ['/runs/bb', '/runs/ccc', '/runs/a'] });
    expect(table.targets.map(({ ownName }) => ownName)).toEqual(['dddd']);
  });
});

describe('colors', () => {
  it('are requested for up to six selected runs, in the order of the comparison', async () => {
    const table = model();
    const asked: string[][] = [];
    table.host.request = (_: string, { keys }: { keys: string[] }) => {
      asked.push(keys);
      return Promise.resolve(Object.fromEntries(keys.map((key, i) => [key, 5 - i])));
    };
    const [row] = table.all;
    expect(seriesOf(table).colorIndex(row)).toBe(0);
    table.select(['/runs/a', '/runs/bb'], true);
    await vi.waitFor(() => expect(table.colors.size).toBe(2));
    expect(asked).toEqual([['/runs/bb', '/runs/a']]);
    const colors = table.all.map((each) => seriesOf(table).colorIndex(each));
    expect(colors).toEqual([4, 5, -1, -1]);
    // With groups, the groups have the colors.
    table.change({ group: 'config:vit' });
    expect(table.all.map((each) => seriesOf(table).colorIndex(each))).toEqual([0, 1, 0, 1]);
    table.selectOnly([]);
    expect(table.colors.size).toBe(0);
    expect(asked).toHaveLength(1);
  });
});

describe('keys of the table', () => {
  /** Presses keys with optional `Shift+` and `Control+`. @returns the active cell */
  function press(table: Model, from: CellPosition, ...keys: string[]): CellPosition {
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
      gridKey(event, table, at, 2, {
        move: (to) => {
          at = to;
          table.goTo(table.lines[to.line]?.row?.key ?? '');
        },
        menu: () => undefined,
        search: () => undefined,
      });
    }
    return at;
  }
  const start = { line: 0, column: LEADING_COLUMNS };

  it('move through cells and headers, and stop at the edges', () => {
    const table = model();
    expect(press(table, start, 'ArrowDown', 'ArrowRight')).toEqual({ line: 1, column: 3 });
    expect(press(table, start, 'Control+End', 'ArrowDown', 'End', 'ArrowRight')).toEqual({
      line: 3,
      column: table.shownColumns.length + LEADING_COLUMNS - 1,
    });
    expect(press(table, start, 'PageDown', 'PageUp', 'ArrowUp', 'ArrowUp', 'Home')).toEqual({
      line: -1,
      column: 0,
    });
  });

  it('sort, move, pin and hide columns in the header', () => {
    const table = model();
    const head = { line: -1, column: LEADING_COLUMNS + 4 };
    press(table, head, 'Enter');
    expect(table.view.sorts).toEqual([{ column: 'val_accuracy', descending: true }]);
    press(table, { ...head, column: LEADING_COLUMNS + 3 }, 'Shift+Enter');
    expect(table.view.sorts.map(({ column }) => column)).toEqual(['val_accuracy', 'started']);
    expect(press(table, head, 'Alt+ArrowLeft')).toEqual({ line: -1, column: LEADING_COLUMNS + 3 });
    press(table, { line: -1, column: LEADING_COLUMNS + 3 }, 'p');
    expect(table.view.pinned).toEqual(['name', 'val_accuracy']);
    press(table, { line: -1, column: LEADING_COLUMNS + 1 }, 'Delete');
    expect(table.shownColumns.map(({ id }) => id)).not.toContain('val_accuracy');
  });

  it('select, extend the selection, and act', () => {
    const table = model();
    press(table, start, ' ', 'ArrowDown', 'Shift+ArrowDown');
    expect(table.targets.map(({ ownName }) => ownName)).toEqual(['dddd', 'ccc', 'bb']);
    press(table, start, 'Control+ ');
    expect(table.targets.map(({ ownName }) => ownName)).toEqual(['ccc', 'bb']);
    press(table, start, 'Escape', 'Control+a', 'c');
    expect(table.sent.at(-1)).toMatchObject({ action: 'open', keys: { length: 4 } });
    press(table, start, 'F2');
    expect(table.dialog).toMatchObject({ kind: 'edit', keys: { length: 4 } });
    press(table, start, 'n');
    expect(table.dialog).toEqual({ kind: 'newRun', key: '/runs/dddd' });
  });
});

describe('axes', () => {
  it('are logarithmic for a wide range of values, and label texts in order', () => {
    const table = model();
    const [rate, vit] = ['config:init_lr', 'config:vit'].map((id) => table.column(id));
    if (!rate || !vit) throw new Error('no columns');
    expect(wantsLog(rate, table.shown)).toBe(true);
    const scale = scaleOf(rate, table.shown, true);
    const places = table.shown.map((row) => scale.at(row));
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
    expect(scaleOf(vit, table.shown, true)).toMatchObject({ labels: ['base', 'tiny'], log: false });
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
