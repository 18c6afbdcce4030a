/** Colors of chart series, the same in every panel. */
import { themeColor } from './theme';

/** In the order of how well themes separate them; orange and yellow are close in many themes. */
const seriesVariables: readonly [string, string][] = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-green', '#388a34'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-yellow', '#bf8803'],
  ['--vscode-charts-red', '#e51400'],
  ['--vscode-charts-orange', '#d18616'],
];

/** Reads the series colors from the theme. Call it again after a theme change. */
export function seriesColors(): string[] {
  return seriesVariables.map(([name, fallback]) => opaqueColor(themeColor(name, fallback)));
}

const opaqueColors = new Map<string, string>();

/** Removes transparency: some themes define translucent chart colors, in which thin lines are hardly visible. */
function opaqueColor(color: string): string {
  // Creating a canvas takes milliseconds, and every chart requests the same colors.
  const result = opaqueColors.get(color) ?? withoutTransparency(color);
  opaqueColors.set(color, result);
  return result;
}

function withoutTransparency(color: string): string {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (!context) return color;
  // The canvas normalizes every color to #rrggbb or, with transparency, to rgba().
  context.fillStyle = color;
  const [, red, green, blue] = /^rgba\((\d+), (\d+), (\d+),/.exec(String(context.fillStyle)) ?? [];
  return red === undefined ? color : `rgb(${red}, ${green}, ${blue})`;
}

/** Sets the series colors as the CSS variables `--series-0` …, so that legends match the lines. */
export function applySeriesColors(element: HTMLElement): void {
  seriesColors().forEach((color, index) => {
    element.style.setProperty(`--series-${index}`, color);
  });
}
