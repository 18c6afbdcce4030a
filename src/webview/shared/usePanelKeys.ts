import { useEffect, useRef } from 'preact/hooks';
import { isTyping, areKeysDisabled } from './keys';

/**
 * Handles keys of the whole page, independent of the focus. Ignores keys while a dialog is open or the host is lost, and
 * keys that an element has already handled.
 * @param onKey called from the latest rendering; returns whether the key was handled, which prevents the default action
 */
export function usePanelKeys(onKey: (event: KeyboardEvent) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || areKeysDisabled()) return;
      if (latest.current(event)) event.preventDefault();
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}

/** Whether a key is typed into a field or is an editor shortcut, and therefore not a single-key command of the page. */
export function hasModifierOrIsTyping(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target);
}
