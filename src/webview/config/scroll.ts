/** Milliseconds without scrolling until the page counts as at rest. */
const REST = 150;

/**
 * Scrolls a page to where it was, and tells where it comes to rest from then on.
 * @param from what was told last, before the page was loaded anew.
 * @returns ends the telling.
 */
export function keepScroll(
  page: Pick<Window, 'scrollY' | 'scrollTo' | 'addEventListener' | 'removeEventListener'>,
  from: number,
  rested: (scroll: number) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onScroll = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => rested(page.scrollY), REST);
  };
  page.scrollTo(0, from);
  page.addEventListener('scroll', onScroll, { passive: true });
  return () => {
    clearTimeout(timer);
    page.removeEventListener('scroll', onScroll);
  };
}
