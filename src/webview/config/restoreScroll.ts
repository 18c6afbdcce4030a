/** Milliseconds without scroll events until scrolling counts as finished. */
const REST_MS = 150;

/**
 * Restores the scroll position and reports it whenever scrolling has finished.
 * @param from the last reported position, from before the reload of the page
 * @returns a function that stops the reports
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
