import { expect, it } from 'vitest';
import type * as restoredTabs from '../../src/extension/restoredTabs';
import { loadWithVscode, nothing } from './fakeVscode';

/** As VS Code has it: what the tab of a webview shows. */
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

/** Asks for a restored panel in a window with two groups of editors. @returns whether it came, and what was run */
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
  const handedOver = () => comes && run.length > 0;
  const shown = await showRestored({ viewType: view, title, loaded, handedOver });
  return { shown, run };
}

it('the tab of a restored panel is shown where it is, so that it is not opened a second time', async () => {
  expect(await show([['nlvr.yaml'], ['Failed Examples: calm-fox-1', title]], 0, true)).toEqual({
    shown: true,
    run: [['workbench.action.focusSecondEditorGroup'], ['workbench.action.openEditorAtIndex', 1]],
  });
  expect((await show([[title], []], 0, true)).run).toEqual([
    ['workbench.action.openEditorAtIndex', 0],
  ]);
});

it('no tab is shown where there is none, or where its panel is loaded', async () => {
  expect(await show([['nlvr.yaml'], []], 0, true)).toEqual({ shown: false, run: [] });
  // The panel of another run with this name.
  expect(await show([[title], []], 1, true)).toEqual({ shown: false, run: [] });
});
