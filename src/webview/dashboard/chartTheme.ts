import { seriesColours } from '../shared/seriesColours';
import { isHighContrast, themeColour } from '../shared/theme';

/** What a chart is drawn with. */
export interface ChartColours {
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

/** Reads the theme; call it again after a change. */
export function chartColours(): ChartColours {
  const highContrast = isHighContrast();
  const text = themeColour('--vscode-foreground', '#888888');
  return {
    series: seriesColours(),
    text,
    muted: themeColour('--vscode-descriptionForeground', text),
    grid: highContrast ? faint(text, 35) : faint(text, 12),
    background: themeColour('--vscode-editor-background', '#ffffff'),
    selection: faint(themeColour('--vscode-charts-blue', '#3794ff'), 20),
    font: themeColour('--vscode-font-family', 'sans-serif'),
    fontSize: Math.max(
      10,
      (Number.parseFloat(themeColour('--vscode-font-size', '13px')) || 13) - 2,
    ),
    highContrast,
  };
}

/** Colour of the series with this index; they repeat after six. */
export function seriesColour(colours: ChartColours, index: number): string {
  return colours.series[index % colours.series.length] ?? colours.text;
}

/** A colour at a share of its strength. @param strength percent */
export function faint(colour: string, strength: number): string {
  return `color-mix(in srgb, ${colour} ${strength}%, transparent)`;
}
