#!/usr/bin/env node
/** The `nlvr` command line. A command's module is loaded only when the command runs, so `--help` stays fast. */
import './signalSetup';
import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { ExitCode } from '../util/userError';
import { analyzeCommand, compareCommand, reportCommand } from './definitions/analysis';
import { predictCommand, explainCommand, robustnessCommand } from './definitions/inference';
import { checkCommand, configCommand, convertCommand, sampleCommand } from './definitions/data';
import {
  statusCommand,
  runsCommand,
  importCommand,
  exportCommand,
  inspectCommand,
} from './definitions/runs';
import { mcpCommand, runtimeCommand } from './definitions/tools';
import { trainCommand, evaluateCommand, benchCommand } from './definitions/training';
import { report } from './report';

/** In the order of `nlvr --help`. */
const commands: readonly ((program: Command) => void)[] = [
  trainCommand,
  evaluateCommand,
  statusCommand,
  runsCommand,
  predictCommand,
  explainCommand,
  checkCommand,
  configCommand,
  convertCommand,
  inspectCommand,
  sampleCommand,
  exportCommand,
  importCommand,
  analyzeCommand,
  compareCommand,
  robustnessCommand,
  mcpCommand,
  reportCommand,
  runtimeCommand,
  benchCommand,
];

export function createProgram(): Command {
  const program = new Command('nlvr')
    .description('Train, evaluate and inspect BLIP NLVR models. Configuration: nlvr.yaml.')
    .version(version)
    .option('--verbose', 'show stack traces of errors')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  for (const define of commands) define(program);
  return program;
}

async function main(): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError)
      process.exitCode = error.exitCode === 0 ? ExitCode.done : ExitCode.badInput;
    else process.exitCode = report(error, program.opts<{ verbose?: boolean }>().verbose === true);
  }
}

void main();
