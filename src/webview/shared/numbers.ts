/** Number formats of all panels. Unknown and non-finite values are shown as a dash. */
import { formatDuration } from '../../util/duration';
import { formatBytes } from '../../util/formatBytes';

const NONE = '–';

/** A narrow no-break space would be typographically correct, but many editor fonts lack it. */
const NO_BREAK_SPACE = '\u00a0';

/** A share 0..1 as a percentage with one decimal: `78.4%`. */
export function percent(share: number | null | undefined): string {
  return isKnown(share) ? `${(100 * share).toFixed(1)}%` : NONE;
}

/** A share 0..1 as a whole percentage: `2%`. */
export function wholePercent(share: number | null | undefined): string {
  return isKnown(share) ? `${Math.round(100 * share)}%` : NONE;
}

/** A progress 0..1 as a whole percentage: `61%`. Rounded down, so that 100% means done. */
export function progressPercent(share: number | null | undefined): string {
  return isKnown(share) ? `${Math.floor(100 * share + 1e-9)}%` : NONE;
}

/** A loss with three significant digits: `0.693`, `0.0512`, `12.3`. */
export function significant(value: number | null | undefined, digits = 3): string {
  if (!isKnown(value)) return NONE;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return shortExponent(value, digits);
  // Use the rounded value: 9.996 is 10.0, not 10.00.
  const magnitude = Math.floor(Math.log10(Number(size.toPrecision(digits))));
  return value.toFixed(Math.min(Math.max(0, digits - 1 - magnitude), 20));
}

/** A learning rate or another very small number: `3e-5`, `2.6e-5`, `0`. */
export function shortExponent(value: number | null | undefined, digits = 2): string {
  if (!isKnown(value)) return NONE;
  if (value === 0) return '0';
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${short}e${Number(exponent)}`;
}

/** A count with thousands separated: `3,120`. */
export function count(value: number | null | undefined): string {
  return isKnown(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',') : NONE;
}

/** A count in few characters for axes: `950`, `12k`, `1.5M`. */
export function shortCount(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${threeDigits(value / 1e6)}M`;
  if (size >= 1e4) return `${threeDigits(value / 1e3)}k`;
  return threeDigits(value);
}

/** A duration: `8s`, `1m 31s`, `1h 04m`, `2d 03h`. */
export function duration(seconds: number | null | undefined): string {
  return isKnown(seconds) && seconds >= 0
    ? formatDuration(seconds).replaceAll(' ', NO_BREAK_SPACE)
    : NONE;
}

/** The duration of a step: `0.182 s`, `12 ms`. */
export function stepTime(seconds: number | null | undefined): string {
  if (!isKnown(seconds)) return NONE;
  return seconds < 0.1 ? `${significant(1000 * seconds)} ms` : `${significant(seconds)} s`;
}

/** A size in bytes: `812 MB`, `3.2 GB`; powers of ten, as for disks and in VS Code. */
export function bytes(value: number | null | undefined): string {
  return isKnown(value) ? formatBytes(value).replace(' ', NO_BREAK_SPACE) : NONE;
}

function isKnown(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
