/** Returns the name of the modifier key with which the wheel zooms a chart instead of scrolling the page. */
export function zoomKey(): string {
  return /Mac/.test(navigator.userAgent) ? '⌘' : 'Ctrl';
}
