/** Whether the page's keys are disabled: a dialog is open, or the connection to the host is lost. */
export function areKeysDisabled(): boolean {
  return document.querySelector('dialog[open], #root[inert]') !== null;
}

/** Whether an event's target is a field that accepts typed text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input:not([type=checkbox]):not([type=range]), textarea, select'))
  );
}
