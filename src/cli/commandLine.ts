/** Builds command lines that can be pasted into a shell. */
import { basename } from 'node:path';

/** Quotes an argument for a POSIX shell if necessary. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** The command that started this program: `nlvr` from the PATH, or `node` with the script. */
function programName(script = process.argv[1] ?? 'nlvr'): string {
  return basename(script) === 'nlvr' ? 'nlvr' : `node ${shellQuote(script)}`;
}

/** Options that are not part of the run's configuration. */
const launchOptions = [
  'tensorflow',
  'nproc_per_node',
  'nnodes',
  'node_rank',
  'master_addr',
  'master_port',
  'rdzv_timeout',
] as const;

/**
 * Returns the command that resumes a run. The configuration is read from the run folder, so the command omits it.
 * @param folder absolute
 * @param options options of the original command
 */
export function resumeCommand(
  folder: string,
  options: Partial<Record<(typeof launchOptions)[number], string | number | undefined>> = {},
): string {
  const flags = launchOptions.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, shellQuote(String(value))];
  });
  const command = [
    programName(),
    'train',
    '--resume',
    '--output_dir',
    shellQuote(folder),
    ...flags,
  ];
  return command.join(' ');
}
