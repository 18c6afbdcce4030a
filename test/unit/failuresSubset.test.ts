import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Subset } from '../../src/webview/failures/messages';
import { panelBench } from './failuresPanelSupport';

const bench = panelBench();
const counting: Subset = { kind: 'slice', slice: 'counting', value: 'yes' };
const learned: Subset = { kind: 'fate', fate: 'learned' };

it('the list is filtered to a slice, with its right answers, and reset', async () => {
  await bench.writeEpochs();
  const panel = bench.open({ split: 'val', subset: counting });
  const asked: unknown[] = [];
  panel.examplesOf = (set, subset) => {
    asked.push([set, subset]);
    return Promise.resolve({ title: 'Counting', rows: Int32Array.of(0, 2) });
  };
  await panel.ready();
  await vi.waitFor(() => expect(panel.listed).toEqual(['dev-2-0-0', 'dev-0-0-0']));
  expect(panel.model.subset).toMatchObject({ subset: counting, title: 'Counting' });
  expect(panel.model.counts).toEqual({ wrong: 1, right: 1, unlabeled: 0 });
  // A filter narrows it further, and another epoch requests its own examples.
  panel.model.setFilter({ show: 'wrong' });
  expect(panel.listed).toEqual(['dev-2-0-0']);
  panel.model.open({ split: 'val', epoch: 0 });
  await vi.waitFor(() => expect(panel.listed).toEqual(['dev-0-0-0', 'dev-2-0-0']));
  expect(panel.model.filter.show).toBe('wrong');
  expect(asked).toEqual([
    [{ split: 'val', epoch: 1 }, counting],
    [{ split: 'val', epoch: 0 }, counting],
  ]);
  // A reloaded page keeps the slice and the filter.
  panel.newModel();
  await panel.ready();
  await vi.waitFor(() => expect(panel.listed).toEqual(['dev-0-0-0', 'dev-2-0-0']));
  expect(panel.state.subset).toEqual(counting);
  panel.model.clearSubset();
  panel.model.setFilter({ show: 'all' });
  expect(panel.listed).toHaveLength(3);
  expect(panel.state.subset).toBeNull();
  panel.newModel();
  await panel.ready();
  expect(panel.listed).toHaveLength(3);
});

it('an open panel is filtered and shows an example without reading the file again', async () => {
  await bench.writeEpochs();
  const panel = bench.open();
  panel.examplesOf = () => Promise.resolve({ title: 'Learned', rows: Int32Array.of(0) });
  await panel.ready();
  const rows = panel.model.rows;
  await panel.session.show({ split: 'val', epoch: 1, identifier: 'dev-0-0-0' });
  expect(panel.identifier).toBe('dev-0-0-0');
  await panel.session.show({ split: 'val', epoch: 1, subset: learned });
  expect(panel.listed).toEqual(['dev-0-0-0']);
  expect(panel.model.rows).toBe(rows);
  await panel.session.show({ split: 'val', epoch: 0, subset: learned, identifier: 'dev-0-0-0' });
  await vi.waitFor(() => expect(panel.model.set?.epoch).toBe(0));
  expect(panel.identifier).toBe('dev-0-0-0');
});

it('shows why the examples of a slice cannot be found, and shows all examples', async () => {
  await bench.writeEpochs();
  const panel = bench.open({ split: 'val', subset: counting }, join(bench.folder, 'images'));
  panel.examplesOf = () => Promise.reject(new Error('the slices of the settings are wrong'));
  await panel.ready();
  await vi.waitFor(() =>
    expect(panel.model.subset?.problem).toBe('the slices of the settings are wrong'),
  );
  expect(panel.listed).toHaveLength(3);
});
