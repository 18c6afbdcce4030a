import { seriesColors } from '../shared/seriesColors';
import { isHighContrast, themeColor } from '../shared/theme';

/** Colors and font of a chart. */
export interface ChartColors {
  series: string[];
  text: string;
  muted: string;
  grid: string;
  background: string;
  selection: string;
  font: string;
  fontSize: number;
  highContrast: boolean;
}

/** Reads colors and font from the theme. Call it again after a theme change. */
export function chartColors(): ChartColors {
  const highContrast = isHighContrast();
  const text = themeColor('--vscode-foreground', '#888888');
  return {
    series: seriesColors(),
    text,
    muted: themeColor('--vscode-descriptionForeground', text),
    grid: highContrast ? faint(text, 35) : faint(text, 12),
    background: themeColor('--vscode-editor-background', '#ffffff'),
    selection: faint(themeColor('--vscode-charts-blue', '#3794ff'), 20),
    font: themeColor('--vscode-font-family', 'sans-serif'),
    fontSize: Math.max(10, (Number.parseFloat(themeColor('--vscode-font-size', '13px')) || 13) - 2),
    highContrast,
  };
}

/** Returns the color of the series with an index; colors repeat after six. */
export function seriesColor(colors: ChartColors, index: number): string {
  return colors.series[index % colors.series.length] ?? colors.text;
}

/** Mixes a color with transparency. @param strength opacity in percent */
export function faint(color: string, strength: number): string {
  return `color-mix(in srgb, ${color} ${strength}%, transparent)`;
}
