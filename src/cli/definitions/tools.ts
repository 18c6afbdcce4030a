/** Commands that serve other programs or manage the installation: mcp, runtime. */
import type { Command } from 'commander';
import { assetPath } from '../../util/assets';
import type { InstallOptions, StatusOptions } from '../commands/runtime';
import type * as mcpBundle from '../commands/mcp';
import { collect, tensorflowOption, jsonOption } from '../options';

export function mcpCommand(program: Command): void {
  program
    .command('mcp')
    .description(
      'serve runs and configurations to an assistant over standard input and output (Model Context Protocol), read-only',
    )
    .option(
      '--root <folder>',
      'folder that can be read, including subfolders; can be repeated (default: the working folder)',
      collect,
      [],
    )
    .action(async (options: mcpBundle.McpOptions) => {
      // A separate bundle, because the protocol's library would delay the start of every command.
      const file = assetPath('mcp.js');
      await ((await import(file)) as typeof mcpBundle).mcp(options);
    });
}

export function runtimeCommand(program: Command): void {
  const runtime = program
    .command('runtime')
    .description("find, install or remove TensorFlow's libraries");
  runtime
    .command('status')
    .description('show which library is found, and whether it works')
    .addOption(jsonOption())
    .addOption(tensorflowOption())
    .action(async (options: StatusOptions) =>
      (await import('../commands/runtime')).status(options),
    );
  runtime
    .command('install')
    .description(
      'download TensorFlow with pip and unpack its libraries into the per-user cache folder',
    )
    .option('--gpu', 'the CUDA build and the NVIDIA libraries it needs (about 3 GB)')
    .option('--wheel <file>', 'use this wheel instead of downloading; can be repeated', collect, [])
    .addOption(jsonOption('print progress as JSON Lines'))
    .action(async (options: InstallOptions) =>
      (await import('../commands/runtime')).install(options),
    );
  runtime
    .command('remove')
    .description('delete the installed libraries')
    .action(async () => (await import('../commands/runtime')).remove());
}
