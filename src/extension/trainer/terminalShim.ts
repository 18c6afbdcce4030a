/** Writes the `nlvr` executable for the PATH of a terminal: a script that runs the bundled command line program. */
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { replaceFileAsync } from '../../util/atomicFile';
import type { Program } from './process';

/** Variables with the paths of the program and of Node.js. In the terminal's environment, so that windows share one script. */
const NODE = 'NLVR_TERMINAL_NODE';
const CLI = 'NLVR_TERMINAL_CLI';
/** Makes VS Code's runtime run as Node.js. Set in the script only: in the terminal's environment, it would break `code`. */
const AS_NODE = 'ELECTRON_RUN_AS_NODE';

interface ShimFile {
  name: string;
  text: string;
}

/** The script for an operating system: a shell script, or a batch file on Windows. */
export function shimFile(platform: NodeJS.Platform): ShimFile {
  if (platform === 'win32')
    return {
      name: 'nlvr.cmd',
      text: [
        '@echo off',
        'setlocal',
        `set "${AS_NODE}=1"`,
        `"%${NODE}%" "%${CLI}%" %*`,
        'exit /b %ERRORLEVEL%',
        '',
      ].join('\r\n'),
    };
  return {
    name: 'nlvr',
    text: `#!/bin/sh\n${AS_NODE}=1 exec "$${NODE}" "$${CLI}" "$@"\n`,
  };
}

/**
 * Writes the script.
 * @param folder folder in the storage of the extension, which is created if missing
 * @throws {UserError} when the disk is full.
 */
export async function writeShim(folder: string, platform = process.platform): Promise<void> {
  const { name, text } = shimFile(platform);
  await mkdir(folder, { recursive: true });
  await replaceFileAsync(join(folder, name), async (handle) => {
    await handle.writeFile(text);
    await handle.chmod(0o755);
  });
}

/**
 * The additional environment variables of a terminal: the script on the PATH, what it runs, and those that the settings
 * give to the trainer. `null` removes a variable, as in `vscode.TerminalOptions.env`.
 */
export function terminalEnvironment(
  folder: string,
  { executable, cli, environment }: Program,
  ours: NodeJS.ProcessEnv = process.env,
): Record<string, string | null> {
  const given = Object.entries(environment).filter(([name]) => name !== AS_NODE);
  const path = environment.PATH ?? ours.PATH;
  return {
    ...Object.fromEntries(given.map(([name, value]) => [name, value ?? null])),
    PATH: path ? `${folder}${delimiter}${path}` : folder,
    [NODE]: executable,
    [CLI]: cli,
  };
}
