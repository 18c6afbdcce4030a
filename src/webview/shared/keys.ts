/** Whether the page's own keys are off: a dialog has them, or the host that they would speak to is gone. */
export function keysAreOff(): boolean {
  return document.querySelector('dialog[open], #root[inert]') !== null;
}

/** Whether a key belongs to a field that the user types into. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input:not([type=checkbox]):not([type=range]), textarea, select'))
  );
}
