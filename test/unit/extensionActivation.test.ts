import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWithVscode, nothing } from './fakeVscode';

interface Serializer {
  deserializeWebviewPanel(panel: unknown, state: unknown): Promise<void>;
}

const evaluated: string[] = [];
const serializers = new Map<string, Serializer>();
const subscriptions: { dispose(): void }[] = [];

const window = nothing({
  registerWebviewPanelSerializer: (type: string, serializer: Serializer) => {
    serializers.set(type, serializer);
    return nothing();
  },
});

beforeAll(async () => {
  const { activate } = await loadWithVscode<{ activate: (context: unknown) => Promise<void> }>(
    'src/extension/extension.ts',
    { window },
    evaluated,
  );
  const globalStorageUri = { fsPath: '/storage' };
  await activate(nothing({ subscriptions, extensionPath: '/extension', globalStorageUri }));
});
afterAll(() => {
  for (const each of subscriptions) each.dispose();
});

describe('activation', () => {
  it('loads no parser, no panel and no package', () => {
    expect(evaluated).toContain('src/extension/extension.ts');
    expect(evaluated).toContain('src/extension/configuration/register.ts');
    const heavy =
      /(^|\/)node_modules\/|^src\/config\/parse\.ts$|^src\/(extension\/(dashboard|failures|analysis)|data|model|runtime|train)\//;
    expect(evaluated.filter((file) => heavy.test(file))).toEqual([]);
  });

  it('restores the panels that were open before a reload, and loads their code', async () => {
    const panels = ['nlvr.dashboard', 'nlvr.failures', 'nlvr.analysis'];
    expect([...serializers.keys()]).toEqual([...panels, 'nlvr.runsTable', 'nlvr.comparison']);
    for (const [type, serializer] of serializers) {
      // There is one runs table for all runs.
      if (!panels.includes(type)) continue;
      let closed = false;
      const panel = nothing({ dispose: () => (closed = true) });
      // A panel whose state has no run is closed.
      await serializer.deserializeWebviewPanel(panel, undefined);
      expect(closed, type).toBe(true);
    }
    expect(evaluated).toContain('src/extension/dashboard/panel.ts');
    expect(evaluated).toContain('src/extension/failures/panel.ts');
    expect(evaluated).toContain('src/extension/analysis/panel.ts');
  });
});
