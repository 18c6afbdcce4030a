/** `1 pair`, `2 pairs`. In English, as all output of the command line. */
export function pluralize(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
