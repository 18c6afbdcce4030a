/** One row of a comma-separated table (RFC 4180), without a line end: fields with commas, quotes or line ends are quoted. */
export function csvRow(fields: readonly (string | number)[]): string {
  return fields
    .map((field) => {
      const text = String(field);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}
