/** Access to the editor's theme for canvas drawing, which does not follow CSS. */

/** Returns the value of a CSS variable such as `--vscode-charts-blue`, or `fallback` if the theme does not define it. */
export function themeColor(name: string, fallback: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || fallback;
}

/** Whether the theme is a high contrast one, dark or light. */
export function isHighContrast(): boolean {
  const { classList } = document.body;
  return (
    classList.contains('vscode-high-contrast') || classList.contains('vscode-high-contrast-light')
  );
}

/** Calls `listener` after a change of the theme or its font size. Returns a function that removes the listener. */
export function onThemeChange(listener: () => void): () => void {
  let scheduled = 0;
  // VS Code sets the variables on <html> and the theme's class on <body>, one after the other.
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(scheduled);
    scheduled = requestAnimationFrame(listener);
  });
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributeFilter: ['class', 'data-vscode-theme-id'] });
  return () => {
    cancelAnimationFrame(scheduled);
    observer.disconnect();
  };
}
