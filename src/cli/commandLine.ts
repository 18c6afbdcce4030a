/** Command lines that a person can paste. */
import { basename } from 'node:path';

/** An argument as a POSIX shell reads it. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** How this program was started: by the name that is on the PATH, or as a script of Node. */
function programName(script = process.argv[1] ?? 'nlvr'): string {
  return basename(script) === 'nlvr' ? 'nlvr' : `node ${quoted(script)}`;
}

/** Options that the run's configuration does not hold. */
const keptOptions = [
  'tensorflow',
  'nproc_per_node',
  'nnodes',
  'node_rank',
  'master_addr',
  'master_port',
  'rdzv_timeout',
] as const;

/**
 * The command that continues a run. The run has its configuration, so the command does not repeat it.
 * @param folder absolute
 * @param options as they were given
 */
export function resumeCommand(
  folder: string,
  options: Partial<Record<(typeof keptOptions)[number], string | number | undefined>> = {},
): string {
  const kept = keptOptions.flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, quoted(String(value))];
  });
  const command = [programName(), 'train', '--resume', '--output_dir', quoted(folder), ...kept];
  return command.join(' ');
}
