/**
 * The page's content. The document itself never scrolls: what is longer than the window scrolls inside `#root`, so
 * that nothing laid out beyond it pushes the page away. It takes the focus that nothing else has, for the keys that
 * scroll.
 * @throws {Error} when the page has no `#root`.
 */
export function pageRoot(): HTMLElement {
  const root = document.getElementById('root');
  if (!root) throw new Error('the page has no #root');
  root.tabIndex = -1;
  const take = (): void => {
    if (document.activeElement === document.body) root.focus({ preventScroll: true });
  };
  window.addEventListener('focus', take);
  if (document.hasFocus()) take();
  return root;
}
