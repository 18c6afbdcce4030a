/** The colours of the series of charts, the same in every panel. */
import { themeColour } from './theme';

/** Those that themes keep furthest apart first; orange and yellow are close in many. */
const seriesVariables: readonly [string, string][] = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-green', '#388a34'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-yellow', '#bf8803'],
  ['--vscode-charts-red', '#e51400'],
  ['--vscode-charts-orange', '#d18616'],
];

/** Reads them from the theme; call it again after a change. */
export function seriesColours(): string[] {
  return seriesVariables.map(([name, otherwise]) => opaque(themeColour(name, otherwise)));
}

const known = new Map<string, string>();

/** Some themes have see-through series colours, made for other purposes: lines would be lost. */
function opaque(colour: string): string {
  // A canvas takes milliseconds, and every chart asks for the same colours.
  const found = known.get(colour) ?? withoutTransparency(colour);
  known.set(colour, found);
  return found;
}

function withoutTransparency(colour: string): string {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (!context) return colour;
  // The canvas writes any colour it understands as #rrggbb or, with transparency, as rgba().
  context.fillStyle = colour;
  const [, red, green, blue] = /^rgba\((\d+), (\d+), (\d+),/.exec(String(context.fillStyle)) ?? [];
  return red === undefined ? colour : `rgb(${red}, ${green}, ${blue})`;
}

/** Hands the series colours to the style sheet as `--series-0` …, for legends that match the lines. */
export function applySeriesColours(element: HTMLElement): void {
  seriesColours().forEach((colour, index) => {
    element.style.setProperty(`--series-${index}`, colour);
  });
}
