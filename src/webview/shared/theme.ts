/** The editor's theme, for what is drawn on a canvas and cannot follow CSS by itself. */

/** Value of a CSS variable of the page, such as `--vscode-charts-blue`; `otherwise` where the theme has none. */
export function themeColour(name: string, otherwise: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;
}

/** Whether the theme is a high contrast one, dark or light. */
export function isHighContrast(): boolean {
  const { classList } = document.body;
  return (
    classList.contains('vscode-high-contrast') || classList.contains('vscode-high-contrast-light')
  );
}

/** Calls `listener` after the theme, or the size of its font, has changed. Returns what ends that. */
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
