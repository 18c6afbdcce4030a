/** Above this, `toFixed` changes to scientific notation; Python does not. */
const LARGEST_FIXED = 1e21;

/**
 * A number as Python's `'{:.<digits>f}'.format` writes it, to the byte. JavaScript's `toFixed` differs in exact ties,
 * which it rounds away from zero and Python to the even digit (0.53125 is 0.5312), and in zero's sign, infinities and
 * very large numbers.
 * @param digits after the point, at least 1.
 */
export function pythonFixed(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}inf`;
  if (size >= LARGEST_FIXED) return `${sign}${BigInt(size)}.${'0'.repeat(digits)}`;
  // x · 10^d ends in exactly one half only where x · 2^(d+1) is an odd integer, as 5^d is odd.
  const halves = size * 2 ** (digits + 1);
  if (halves % 2 !== 1) return sign + size.toFixed(digits);
  const below = (BigInt(halves) * 5n ** BigInt(digits)) / 2n;
  const even = String(below + (below % 2n)).padStart(digits + 1, '0');
  return `${sign}${even.slice(0, -digits)}.${even.slice(-digits)}`;
}
