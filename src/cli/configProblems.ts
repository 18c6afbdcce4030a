import type { LoadedConfig } from '../config/load';

/** Prints the configuration's warnings; errors were thrown when it was loaded, hints are for the editor. */
export function printProblems({ file, problems }: LoadedConfig): void {
  for (const { severity, message, line, column } of problems)
    if (severity === 'warning') process.stderr.write(`${file}:${line}:${column}: ${message}\n`);
}
