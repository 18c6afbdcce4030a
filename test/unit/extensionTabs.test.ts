import { expect, it } from 'vitest';
import type * as restoredTabs from '../../src/extension/restoredTabs';
import { loadWithVscode, nothing } from './fakeVscode';

/** The class of VS Code for the input of a webview tab. */
class TabInputWebview {
  constructor(readonly viewType: string) {}
}

interface Group {
  viewColumn: number;
  isActive: boolean;
  tabs: object[];
}

const title = 'Training: calm-fox-1';
const view = 'nlvr.dashboard';

/** Shows a restored panel in a window with two editor groups. @returns whether it was deserialized, and the executed commands */
async function show(labels: [first: string[], second: string[]], loaded: number, comes: boolean) {
  const all: Group[] = labels.map((each, at) => {
    const group: Group = { viewColumn: at + 1, isActive: at === 0, tabs: [] };
    const input = new TabInputWebview(`mainThreadWebview-${view}`);
    group.tabs = each.map((label) => ({ label, input, group }));
    return group;
  });
  const run: unknown[][] = [];
  const { showRestored } = await loadWithVscode<typeof restoredTabs>(
    'src/extension/restoredTabs.ts',
    {
      TabInputWebview,
      window: nothing({ tabGroups: { all } }),
      commands: { executeCommand: (...args: unknown[]) => Promise.resolve(run.push(args)) },
    },
  );
  const isDeserialized = () => comes && run.length > 0;
  const shown = await showRestored({ viewType: view, title, loaded, isDeserialized });
  return { shown, run };
}

it('the tab of a restored panel is shown in its group, so that it is not opened twice', async () => {
  expect(await show([['nlvr.yaml'], ['Failed Examples: calm-fox-1', title]], 0, true)).toEqual({
    shown: true,
    run: [['workbench.action.focusSecondEditorGroup'], ['workbench.action.openEditorAtIndex', 1]],
  });
  expect((await show([[title], []], 0, true)).run).toEqual([
    ['workbench.action.openEditorAtIndex', 0],
  ]);
});

it('no tab is shown if there is none, or if its panel is loaded', async () => {
  expect(await show([['nlvr.yaml'], []], 0, true)).toEqual({ shown: false, run: [] });
  // The panel of another run with this name.
  expect(await show([[title], []], 1, true)).toEqual({ shown: false, run: [] });
});
