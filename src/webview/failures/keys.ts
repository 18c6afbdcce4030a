/** Action of a key. */
export type KeyAction =
  | { do: 'move'; by: number }
  | { do: 'jump'; to: 'first' | 'last' }
  | { do: 'group'; by: 1 | -1 }
  | { do: 'zoom'; by: 'in' | 'out' | 'toggle' | 'reset' }
  /** Moves to another part of the zoomed images. */
  | { do: 'pan'; right: -1 | 0 | 1; down: -1 | 0 | 1 }
  | {
      do:
        | 'heat'
        | 'words'
        | 'mark'
        | 'markAll'
        | 'tag'
        | 'filters'
        | 'layout'
        | 'note'
        | 'search'
        | 'export'
        | 'swap'
        | 'ask'
        | 'annotation'
        | 'copy'
        | 'leave';
    };

interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const panDirections: Readonly<
  Record<string, Omit<Extract<KeyAction, { do: 'pan' }>, 'do'> | undefined>
> = {
  ArrowLeft: { right: -1, down: 0 },
  ArrowRight: { right: 1, down: 0 },
  ArrowUp: { right: 0, down: -1 },
  ArrowDown: { right: 0, down: 1 },
};

/**
 * Returns the action of a key; null for keys without an action.
 * @param typing whether a text field has the focus; only Escape and Ctrl+F are handled there
 * @param page number of rows per page, for PageUp and PageDown
 */
export function actionOf(event: Key, typing: boolean, page: number): KeyAction | null {
  if (event.key === 'Escape') return { do: 'leave' };
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'f')
    return { do: 'search' };
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return null;
  const pan = event.shiftKey ? panDirections[event.key] : undefined;
  if (pan) return { do: 'pan', ...pan };
  switch (event.key) {
    case 'ArrowUp':
      return { do: 'move', by: -1 };
    case 'ArrowDown':
      return { do: 'move', by: 1 };
    case 'PageUp':
      return { do: 'move', by: -page };
    case 'PageDown':
      return { do: 'move', by: page };
    case 'Home':
      return { do: 'jump', to: 'first' };
    case 'End':
      return { do: 'jump', to: 'last' };
    case 'ArrowLeft':
      return { do: 'group', by: -1 };
    case 'ArrowRight':
      return { do: 'group', by: 1 };
    case '+':
    case '=':
      return { do: 'zoom', by: 'in' };
    case '-':
      return { do: 'zoom', by: 'out' };
    case '0':
      return { do: 'zoom', by: 'reset' };
    case '/':
      return { do: 'search' };
  }
  switch (event.key.toLowerCase()) {
    case 'z':
      return { do: 'zoom', by: 'toggle' };
    case 'm':
      return { do: event.shiftKey ? 'markAll' : 'mark' };
    case 't':
      return { do: 'tag' };
    case 'f':
      return { do: 'filters' };
    case 'g':
      return { do: 'layout' };
    case 'n':
      return { do: 'note' };
    case 'e':
      return { do: 'export' };
    case 's':
      return { do: 'swap' };
    case 'a':
      return { do: 'ask' };
    case 'c':
      return { do: 'copy' };
    case 'h':
      return { do: 'heat' };
    case 'w':
      return { do: 'words' };
    case 'o':
      return { do: 'annotation' };
  }
  return null;
}
