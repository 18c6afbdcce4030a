/** Defines options that several commands share, and the parsers of their values. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EpochSelector } from '../analysis/runPredictions';
import { CURVES, isCurveName, type CurveMapping } from '../run/curves/curveNames';

/** Collects the values of an option that can be repeated. */
export const collect = (value: string, previous: string[]): string[] => [...previous, value];

export function parseInteger(value: string): number {
  // Number('') is 0, but an empty value (an unset variable in a script) must be an error.
  const n = value.trim() === '' ? NaN : Number(value);
  if (!Number.isInteger(n) || n < 0)
    throw new InvalidArgumentError('expected a whole number, at least 0.');
  return n;
}

export function parsePositiveInteger(value: string): number {
  const n = parseInteger(value);
  if (n === 0) throw new InvalidArgumentError('expected a whole number, at least 1.');
  return n;
}

export function parseFraction(value: string): number {
  const n = value.trim() === '' ? NaN : Number(value);
  if (!(n >= 0 && n <= 1)) throw new InvalidArgumentError('expected a number from 0 to 1.');
  return n;
}

export function parseWorstCount(value: string): number {
  const n = parseInteger(value);
  if (n > 200) throw new InvalidArgumentError('expected a whole number from 0 to 200.');
  return n;
}

function parseAssignment(value: string, previous: string[]): string[] {
  if (!/^[\w.]+=/.test(value))
    throw new InvalidArgumentError('expected key=value, such as init_lr=1e-4.');
  return [...previous, value];
}

export const deviceOption = (): Option =>
  new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'gpu']);
/** torchrun's flags, for commands that can run on several processes. */
export function addProcessOptions(command: Command): Command {
  return [
    processesOption(),
    nodesOption(),
    nodeRankOption(),
    masterAddrOption(),
    masterPortOption(),
    rendezvousTimeoutOption(),
  ].reduce((extended, option) => extended.addOption(option), command);
}

const processesOption = (): Option =>
  new Option('--nproc_per_node <n>', 'processes on this machine, or auto: one per GPU');
const nodesOption = (): Option =>
  new Option('--nnodes <n>', 'number of machines').argParser(parseInteger);
const nodeRankOption = (): Option =>
  new Option('--node_rank <n>', 'number of this machine, from 0').argParser(parseInteger);
const masterAddrOption = (): Option => new Option('--master_addr <host>', 'address of machine 0');
const masterPortOption = (): Option =>
  new Option(
    '--master_port <n>',
    'port of rank 0; the processes of a machine use the ports after it (default: 29500)',
  ).argParser(parseInteger);
const rendezvousTimeoutOption = (): Option =>
  new Option(
    '--rdzv_timeout <seconds>',
    'how long the processes wait for each other at startup (default: 300)',
  ).argParser(parseInteger);
export const setOption = (): Option =>
  new Option(
    '--set <key=value>',
    'override a configuration key; paths are relative to the working folder; can be repeated',
  )
    .argParser(parseAssignment)
    .default([], 'none');
export const takeOverOption = (): Option =>
  new Option(
    '--take_over',
    'take over the run folder immediately from a process that has ended on another machine or in another container',
  );
/** @param description differs if the command writes several objects or special fields */
export const jsonOption = (description = 'print one JSON object'): Option =>
  new Option('--json', description);
export const overwriteOption = (description = 'replace the file if it exists'): Option =>
  new Option('--overwrite', description);
export const checkpointOption = (): Option =>
  new Option('--checkpoint <weights>', '.pth, .safetensors or run folder').makeOptionMandatory();
export const leftOption = (): Option => new Option('--left <image>', 'left image');
export const rightOption = (): Option => new Option('--right <image>', 'right image');
export const sentenceOption = (): Option =>
  new Option('--sentence <text>', 'sentence about the two images');
export const allowMissingOption = (): Option =>
  new Option(
    '--allow_missing',
    'evaluate even if the checkpoint lacks parameters: random values are used, and every output notes it',
  );
export const runConfigOption = (): Option =>
  new Option(
    '--config <file>',
    'configuration, an nlvr.yaml (default: that of the run, if the checkpoint belongs to one)',
  );
export const imageRootOption = (): Option =>
  new Option('--image_root <folder>', 'folder with the images (overrides image_root)');
export const annRootOption = (): Option =>
  new Option('--ann_root <folder>', 'folder with the annotations (overrides ann_root)');
export const splitOption = (description = 'split of the predictions'): Option =>
  new Option('--split <split>', description).choices(['val', 'test', 'train']);
export const tensorflowOption = (): Option =>
  new Option(
    '--tensorflow <folder>',
    "folder with TensorFlow's two libraries (default: found by `nlvr runtime status`)",
  );

export function parseEpoch(value: string): EpochSelector {
  return value === 'best' || value === 'last' ? value : parseInteger(value);
}

function parseSubset(value: string, previous: [string, string][]): [string, string][] {
  const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (name === '') throw new InvalidArgumentError('expected name=file.');
  return [...previous, [name, file]];
}

export function parseCurve(value: string, previous: CurveMapping): CurveMapping {
  const [, name = '', scalar = ''] = /^([^=]+)=(.*)$/.exec(value) ?? [];
  if (!isCurveName(name))
    throw new InvalidArgumentError(`expected curve=scalar; curves are ${CURVES.join(', ')}.`);
  return { ...previous, [name]: scalar };
}

export const epochOption = (name: string): Option =>
  new Option(
    `--${name} <epoch>`,
    'epoch from 0, best, or last (the most recent; an evaluation takes precedence over epochs)',
  )
    .argParser(parseEpoch)
    .default('last');

/** Options that `analyze`, `compare` and `report` have in common. */
export function addSliceOptions(command: Command): Command {
  return command
    .addOption(splitOption().default('val'))
    .option('--slices <file>', 'custom slices: a list of name and pattern, as JSON or YAML')
    .option('--annotations <file>', "annotation file (default: that of the run's configuration)")
    .option('--subset <name=file>', 'annotations of a subset; can be repeated', parseSubset, [])
    .option('--phenomena <file>', "NLVR2's annotated_dev_examples.txt");
}

/** Options that `analyze` and `compare` have in common. */
export function addExampleOptions(command: Command): Command {
  return addSliceOptions(command)
    .option('--examples', 'with --json: also print the examples of every number, in exampleList')
    .addOption(jsonOption());
}
