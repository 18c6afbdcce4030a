/** Milliseconds without scrolling until the page counts as at rest. */
const REST_MS = 150;

/**
 * Scrolls the page's root to where it was, and reports where it comes to rest from then on.
 * @param from the last reported position, before the page was reloaded.
 * @returns ends the telling.
 */
export function restoreScroll(
  page: Pick<HTMLElement, 'scrollTop' | 'addEventListener' | 'removeEventListener'>,
  from: number,
  onRest: (scroll: number) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onScroll = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => onRest(page.scrollTop), REST_MS);
  };
  page.scrollTop = from;
  page.addEventListener('scroll', onScroll, { passive: true });
  return () => {
    clearTimeout(timer);
    page.removeEventListener('scroll', onScroll);
  };
}
