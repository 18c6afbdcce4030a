/** The key that makes the wheel zoom into a chart instead of scrolling the page. */
export function zoomKey(): string {
  return /Mac/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
}
