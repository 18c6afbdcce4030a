import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { HostConnection } from '../shared/hostConnection';
import type { DashboardContract, DashboardState } from './messages';
import type { Change, DashboardStore } from './store';

export type Host = HostConnection<DashboardContract, DashboardState>;

/** Cursor position on the x axis, shared by all charts. */
export class Cursor {
  private x: number | null = null;
  private readonly listeners = new Set<(x: number | null) => void>();

  get value(): number | null {
    return this.x;
  }

  set(x: number | null): void {
    if (x === this.x) return;
    this.x = x;
    for (const listener of this.listeners) listener(x);
  }

  subscribe(listener: (x: number | null) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export interface DashboardContext {
  store: DashboardStore;
  host: Host;
  cursor: Cursor;
}

export const Context = createContext<DashboardContext | undefined>(undefined);

/** Returns the context without subscribing to changes. @throws {Error} outside the dashboard */
export function useDashboard(): DashboardContext {
  const context = useContext(Context);
  if (!context) throw new Error('outside of the dashboard');
  return context;
}

/** Returns the store and renders the component again when the given parts change. */
export function useStore(...changes: Change[]): DashboardStore {
  const { store } = useDashboard();
  const [, setCount] = useState(0);
  const wanted = changes.join();
  useEffect(() => {
    const again = () => setCount((count) => count + 1);
    const unsubscribe = changes.map((change) => store.subscribe(change, again));
    // The store may have changed between rendering and subscribing.
    again();
    return () => {
      for (const stop of unsubscribe) stop();
    };
  }, [store, wanted]);
  return store;
}
