import type { LoadedConfig } from '../config/load';

/** Prints the configuration's warnings. Errors were thrown while loading; hints are shown only in the editor. */
export function printWarnings({ file, problems }: LoadedConfig): void {
  for (const { severity, message, line, column } of problems)
    if (severity === 'warning') process.stderr.write(`${file}:${line}:${column}: ${message}\n`);
}
