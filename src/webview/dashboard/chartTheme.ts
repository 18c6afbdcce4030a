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

/** Those that themes keep furthest apart first; orange and yellow are close in many. */
const seriesVariables: readonly [string, string][] = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-green', '#388a34'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-yellow', '#bf8803'],
  ['--vscode-charts-red', '#e51400'],
  ['--vscode-charts-orange', '#d18616'],
];

/** Reads the theme; call it again after a change. */
export function chartColours(): ChartColours {
  const highContrast = isHighContrast();
  const text = themeColour('--vscode-foreground', '#888888');
  return {
    series: seriesVariables.map(([name, otherwise]) => opaque(themeColour(name, otherwise))),
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

/** Some themes have see-through series colours, made for other purposes: lines would be lost. */
function opaque(colour: string): string {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (!context) return colour;
  // The canvas writes any colour it understands as #rrggbb or, with transparency, as rgba().
  context.fillStyle = colour;
  const [, red, green, blue] = /^rgba\((\d+), (\d+), (\d+),/.exec(String(context.fillStyle)) ?? [];
  return red === undefined ? colour : `rgb(${red}, ${green}, ${blue})`;
}

/** Hands the series colours to the style sheet as `--series-0` …, for legends that match the lines. */
export function applySeriesColours(element: HTMLElement): void {
  chartColours().series.forEach((colour, index) => {
    element.style.setProperty(`--series-${index}`, colour);
  });
}

/** Colour of the series with this index; they repeat after six. */
export function seriesColour(colours: ChartColours, index: number): string {
  return colours.series[index % colours.series.length] ?? colours.text;
}

/** A colour at a share of its strength. @param strength percent */
export function faint(colour: string, strength: number): string {
  return `color-mix(in srgb, ${colour} ${strength}%, transparent)`;
}
