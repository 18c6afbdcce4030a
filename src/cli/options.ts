/** Options that several commands have, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { WantedEpoch } from '../analysis/runPredictions';
import { CURVES, isCurveName, type Chosen } from '../run/curves/roles';

/** For options that may be given several times. */
export const collect = (value: string, previous: string[]): string[] => [...previous, value];

export function integer(value: string): number {
  // Number('') is 0, which is not what an unset variable of a script should mean.
  const n = value.trim() === '' ? NaN : Number(value);
  if (!Number.isInteger(n) || n < 0)
    throw new InvalidArgumentError('expected a whole number, at least 0.');
  return n;
}

export function positive(value: string): number {
  const n = integer(value);
  if (n === 0) throw new InvalidArgumentError('expected a whole number, at least 1.');
  return n;
}

export function share(value: string): number {
  const n = value.trim() === '' ? NaN : Number(value);
  if (!(n >= 0 && n <= 1)) throw new InvalidArgumentError('expected a number from 0 to 1.');
  return n;
}

export function worst(value: string): number {
  const n = integer(value);
  if (n > 200) throw new InvalidArgumentError('expected a whole number from 0 to 200.');
  return n;
}

function keyValue(value: string, previous: string[]): string[] {
  if (!/^[\w.]+=/.test(value))
    throw new InvalidArgumentError('expected key=value, such as init_lr=1e-4.');
  return [...previous, value];
}

export const deviceOption = (): Option =>
  new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'gpu']);
/** torchrun's flags, for commands that may run on several processes. */
export const processesOption = (): Option =>
  new Option('--nproc_per_node <n>', 'processes on this machine, or auto: one per GPU');
export const nodesOption = (): Option =>
  new Option('--nnodes <n>', 'number of machines').argParser(integer);
export const nodeRankOption = (): Option =>
  new Option('--node_rank <n>', 'number of this machine, from 0').argParser(integer);
export const masterAddrOption = (): Option =>
  new Option('--master_addr <host>', 'address of machine 0');
export const masterPortOption = (): Option =>
  new Option(
    '--master_port <n>',
    'port of rank 0; the processes of a machine use the ports after it (default: 29500)',
  ).argParser(integer);
export const rendezvousTimeoutOption = (): Option =>
  new Option(
    '--rdzv_timeout <seconds>',
    'how long the processes wait for each other at startup (default: 300)',
  ).argParser(integer);
export const setOption = (): Option =>
  new Option(
    '--set <key=value>',
    'override a configuration key; paths are relative to the working folder; can be repeated',
  )
    .argParser(keyValue)
    .default([], 'none');
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
export const splitOption = (): Option =>
  new Option('--split <split>', 'split of the predictions').choices(['val', 'test', 'train']);
export const tensorflowOption = (): Option =>
  new Option(
    '--tensorflow <folder>',
    "folder with TensorFlow's two libraries (default: found by `nlvr runtime status`)",
  );

export function wantedEpoch(value: string): WantedEpoch {
  return value === 'best' || value === 'last' ? value : integer(value);
}

function subset(value: string, previous: [string, string][]): [string, string][] {
  const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (name === '') throw new InvalidArgumentError('expected name=file.');
  return [...previous, [name, file]];
}

export function curve(value: string, previous: Chosen): Chosen {
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
    .argParser(wantedEpoch)
    .default('last');

/** Options that `analyze`, `compare` and `report` have in common. */
export function withSlices(command: Command): Command {
  return command
    .addOption(splitOption().default('val'))
    .option('--slices <file>', 'custom slices: a list of name and pattern, as JSON or YAML')
    .option('--annotations <file>', "annotation file (default: that of the run's configuration)")
    .option('--subset <name=file>', 'annotations of a subset; can be repeated', subset, [])
    .option('--phenomena <file>', "NLVR2's annotated_dev_examples.txt");
}

/** Options that `analyze` and `compare` have in common. */
export function withExamples(command: Command): Command {
  return withSlices(command)
    .option('--examples', 'with --json: the examples behind every number, in exampleList')
    .option('--json', 'print one JSON object');
}
export const takeOverOption = (): Option =>
  new Option(
    '--take_over',
    'take over the run folder immediately from a process that has ended on another machine or in another container',
  );
