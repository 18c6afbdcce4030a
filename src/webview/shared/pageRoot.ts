/**
 * Returns the page's content element. The document itself never scrolls: content that is longer than the window scrolls
 * inside `#root`, so that nothing laid out beyond it moves the page. The element takes the focus when no other element
 * has it, so that the scroll keys work.
 * @throws {Error} when the page has no `#root`.
 */
export function pageRoot(): HTMLElement {
  const root = document.getElementById('root');
  if (!root) throw new Error('the page has no #root');
  root.tabIndex = -1;
  const takeFocus = (): void => {
    if (document.activeElement === document.body) root.focus({ preventScroll: true });
  };
  window.addEventListener('focus', takeFocus);
  if (document.hasFocus()) takeFocus();
  return root;
}
