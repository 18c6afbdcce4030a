/** From this value on, `toFixed` uses scientific notation; Python does not. */
const MAX_FIXED = 1e21;

/**
 * Formats a number exactly as Python's `'{:.<digits>f}'.format`. JavaScript's `toFixed` differs in exact ties, which it
 * rounds away from zero and Python to the even digit (0.53125 is 0.5312), and in negative zero, infinities and very large
 * numbers.
 * @param digits after the decimal point, at least 1
 */
export function pythonFixed(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}inf`;
  if (size >= MAX_FIXED) return `${sign}${BigInt(size)}.${'0'.repeat(digits)}`;
  // x · 10^d ends in exactly one half only where x · 2^(d+1) is an odd integer, as 5^d is odd.
  const halves = size * 2 ** (digits + 1);
  if (halves % 2 !== 1) return sign + size.toFixed(digits);
  const below = (BigInt(halves) * 5n ** BigInt(digits)) / 2n;
  const even = String(below + (below % 2n)).padStart(digits + 1, '0');
  return `${sign}${even.slice(0, -digits)}.${even.slice(-digits)}`;
}
