import { useEffect, useRef } from 'preact/hooks';
import { isTyping, keysAreOff } from './keys';

/**
 * Keys of the whole page, wherever the focus is. Not while a dialog is open or the host is gone, and not what an element
 * has handled itself.
 * @param onKey the handler of the last rendering counts. Whether the key meant something: the browser then does nothing with it.
 */
export function usePanelKeys(onKey: (event: KeyboardEvent) => boolean): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || keysAreOff()) return;
      if (latest.current(event)) event.preventDefault();
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}

/** Whether a key is typed into a field or is a shortcut of the editor's: not one of the page's single keys. */
export function isNotPlain(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target);
}
