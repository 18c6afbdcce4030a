import { exactDuration } from '../../util/duration';
import { count, shortExponent } from '../shared/numbers';
import type { XAxis } from './curve';

/** Tick of an axis. */
export interface Tick {
  value: number;
  label: string;
}

/** Seconds between the ticks of a time axis, up to a day. */
const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/**
 * Returns the ticks of the x axis at round values, each with a distinct label: whole steps, epochs, and round times. The
 * ends of a zoomed range are not ticks unless they are round.
 * @param maxTicks maximum number of ticks, at least 2
 */
export function xTicks(axis: XAxis, from: number, to: number, maxTicks: number): Tick[] {
  const width = to - from;
  if (!(width > 0)) return [];
  const minDistance = width / maxTicks;
  const distance =
    axis === 'time'
      ? timeDistance(minDistance)
      : roundDistance(minDistance, axis === 'step' ? 1 : 0);
  return tickValues(from, to, distance).map((value) => ({
    value,
    label: axis === 'time' ? exactDuration(value) : numberLabel(value, distance),
  }));
}

/** Unit of an axis. */
export type Unit = 'number' | 'percent' | 'bytes' | 'seconds' | 'rate';

/**
 * Returns the label of a value with enough digits to distinguish it from the next tick.
 * @param distance to the next tick
 */
export function valueLabel(value: number, distance: number, unit: Unit): string {
  switch (unit) {
    case 'percent':
      return `${fixed(100 * value, 100 * distance)}%`;
    case 'bytes': {
      const [size, name] = byteUnits.find(([least]) => Math.abs(value) >= least) ?? [1, 'B'];
      return `${fixed(value / size, distance / size)}\u00a0${name}`;
    }
    case 'seconds':
      return distance < 0.01 && Math.abs(value) < 0.1
        ? `${fixed(1000 * value, 1000 * distance)}\u00a0ms`
        : `${fixed(value, distance)}\u00a0s`;
    case 'rate':
      return shortExponent(
        value,
        1 + Math.max(0, Math.ceil(Math.log10(Math.abs(value) / distance))),
      );
    case 'number':
      return numberLabel(value, distance);
  }
}

const byteUnits = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const;

/** Formats a value with the decimals that ticks at this distance need, without trailing zeros. */
function fixed(value: number, distance: number): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(distance) - 1e-9));
  return String(Number(value.toFixed(Math.min(digits, 12))));
}

function tickValues(from: number, to: number, distance: number): number[] {
  const first = Math.ceil(from / distance - 1e-9);
  const last = Math.floor(to / distance + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * distance).toPrecision(12)),
  );
}

/** Returns a distance that is 1, 2 or 5 times a power of ten. */
function roundDistance(minDistance: number, minimum: number): number {
  const power = 10 ** Math.floor(Math.log10(minDistance));
  const factor = [1, 2, 5, 10].find((each) => each * power >= minDistance * (1 - 1e-9)) ?? 10;
  return Math.max(minimum, factor * power);
}

function timeDistance(minDistance: number): number {
  if (minDistance < 1) return Math.max(0.001, roundDistance(minDistance, 0));
  const day = 86_400;
  return (
    timeSteps.find((seconds) => seconds >= minDistance) ??
    day * Math.ceil(roundDistance(minDistance / day, 1))
  );
}

function numberLabel(value: number, distance: number): string {
  for (const [size, unit] of [
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    // Use k or M if the numbers are long and a tenth of the unit is exact for these ticks.
    if (Math.abs(value) >= 10 * size || (size === 1e6 && Math.abs(value) >= size))
      if (distance >= size / 10) return `${Number((value / size).toFixed(1))}${unit}`;
  return distance < 1 || Math.abs(value) < 10_000 ? fixed(value, distance) : count(value);
}
